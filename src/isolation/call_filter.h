// The system calls that this process may still make, by a seccomp filter.
#ifndef LAKEGATE_ISOLATION_CALL_FILTER_H_
#define LAKEGATE_ISOLATION_CALL_FILTER_H_

#include "lakegate/result.h"

namespace lakegate::isolation {

// For this thread and those it makes from now on; needs no_new_privs. Denied calls fail with
// EPERM: those of networks (a socket is where each begins), of new processes and programs (threads
// may be made), of looking into and signalling other processes, of mounts, modules, keys and
// io_uring, which makes calls that no filter sees. False on processors without a table here;
// kInternal when the kernel refuses.
Result<bool> FilterCalls();

}  // namespace lakegate::isolation

#endif  // LAKEGATE_ISOLATION_CALL_FILTER_H_
