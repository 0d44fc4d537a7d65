#include "observe/event_sink.h"

#include <cerrno>
#include <cstdio>
#include <mutex>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/quantity.h"

namespace lakegate::observe {
namespace {

class NullRecordedSink final : public RecordedEventSink {
 public:
  void Write(const std::string&, const RunEvent&) override {}
  Status status() const override { return {}; }
};

class CallbackSink final : public RecordedEventSink {
 public:
  explicit CallbackSink(RunEventCallback callback) : callback_(std::move(callback)) {}
  void Write(const std::string& run_id, const RunEvent& event) override {
    if (callback_) callback_(run_id, event);
  }
  Status status() const override { return {}; }

 private:
  RunEventCallback callback_;
};

std::string LineOf(const std::string& run_id, const RunEvent& event) {
  nlohmann::ordered_json line = {{"run_id", run_id},
                                 {"sequence", event.sequence},
                                 {"at", base::FormatUtc(event.at_ms)},
                                 {"type", event.type},
                                 {"version", event.version}};
  line["fields"] = nlohmann::ordered_json::parse(event.fields_json, nullptr, false);
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

class NdjsonSink final : public RecordedEventSink {
 public:
  NdjsonSink(std::string path, std::FILE* file)
      : path_(std::move(path)), file_(file, std::fclose) {}

  // Each line is flushed, so that a killed run leaves whole lines up to its end.
  void Write(const std::string& run_id, const RunEvent& event) override {
    const std::string line = LineOf(run_id, event);
    const std::lock_guard lock(mutex_);
    const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                         std::fflush(file_.get()) == 0;
    if (!written && first_failure_) first_failure_ = base::FileError("write", path_, errno);
  }

  Status status() const override {
    const std::lock_guard lock(mutex_);
    return first_failure_;
  }

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  Status first_failure_;
};

}  // namespace

std::unique_ptr<RecordedEventSink> MakeNullRecordedSink() {
  return std::make_unique<NullRecordedSink>();
}

Result<std::unique_ptr<RecordedEventSink>> OpenNdjsonSink(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) return base::FileError("open", path, errno);
  return std::unique_ptr<RecordedEventSink>(std::make_unique<NdjsonSink>(path, file));
}

std::unique_ptr<RecordedEventSink> MakeCallbackSink(RunEventCallback callback) {
  return std::make_unique<CallbackSink>(std::move(callback));
}

}  // namespace lakegate::observe
