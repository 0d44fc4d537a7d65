// The terminal or pipe a command talks to: rows to standard output, the rest to standard error.
#ifndef LAKEGATE_CLI_CONSOLE_H_
#define LAKEGATE_CLI_CONSOLE_H_

#include <string>
#include <string_view>

#include "lakegate/cancel.h"
#include "lakegate/error.h"
#include "lakegate/render.h"

namespace lakegate::cli {

class Console {
 public:
  // Cancelled by the first Ctrl-C; the second one ends the process.
  const CancelToken& cancel() const { return cancel_; }
  void CancelOnInterrupt();

  // False when the reader has gone, which is no failure of ours.
  bool Out(std::string_view text);
  TextSink sink();
  void Note(std::string_view text) const;
  // Reports the error and gives its exit code. A closed pipe is quiet and fine.
  int Fail(const Error& error) const;
  int FailUsage(std::string_view message) const;

  bool error_is_terminal() const;
  void set_json(bool json) { json_ = json; }
  bool json() const { return json_; }

 private:
  CancelToken cancel_;
  bool json_ = false;
  bool reader_gone_ = false;
};

}  // namespace lakegate::cli

#endif  // LAKEGATE_CLI_CONSOLE_H_
