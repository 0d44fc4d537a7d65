// Where events go. Rooms that report receive an `EventSink&`; none ever tests for its absence,
// because `NullSink` is one.
//
// `Emit` never fails and never throws: observation must not stop the work observed. A sink
// that cannot write keeps its first error for whoever closes it.
// Threads: every sink here may be used from many threads.
#ifndef LAKEGATE_OBSERVE_EVENT_SINK_H_
#define LAKEGATE_OBSERVE_EVENT_SINK_H_

#include <memory>
#include <string>

#include "lakegate/run_record.h"
#include "observe/event.h"

namespace lakegate::observe {

// What the rooms see.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Emit(Event event) = 0;
};

class NullSink final : public EventSink {
 public:
  void Emit(Event) override {}
};

// What a recorder feeds: events stamped with run, time and sequence, statements sanitised.
class RecordedEventSink {
 public:
  virtual ~RecordedEventSink() = default;
  virtual void Write(const std::string& run_id, const RunEvent& event) = 0;
  // The first failure since it was opened.
  virtual Status status() const = 0;
};

std::unique_ptr<RecordedEventSink> MakeNullRecordedSink();
// Appends one JSON object a line; kIo or kNotFound when the file cannot be opened.
Result<std::unique_ptr<RecordedEventSink>> OpenNdjsonSink(const std::string& path);
std::unique_ptr<RecordedEventSink> MakeCallbackSink(RunEventCallback callback);

}  // namespace lakegate::observe

#endif  // LAKEGATE_OBSERVE_EVENT_SINK_H_
