// Rows that another process writes into a pipe.
#ifndef LAKEGATE_ENGINE_ROW_PIPE_H_
#define LAKEGATE_ENGINE_ROW_PIPE_H_

#include <cstdint>

#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::engine {

// An uncompressed Arrow IPC stream; waits for its schema. Takes the descriptor, also on failure.
// Whoever writes is not trusted: kCorruptData where the stream is none or breaks off in a message,
// kResourceLimit where one is longer than `most_message_bytes`. A writer that has gone between two
// messages looks like the end: its owner knows better.
Result<ArrowStream> ReadRowPipe(int descriptor, std::int64_t most_message_bytes);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_ROW_PIPE_H_
