// The rows of one scan that broke a contract, as an NDJSON file.
//
// Written under a temporary name; `Finish` puts it in place, so that a file that is there is
// whole. Scans of one dataset give the same rows, so whoever finishes last changes nothing. No
// bad rows, no file. Threads: one at a time.
#ifndef LAKEGATE_SESSION_QUARANTINE_FILE_H_
#define LAKEGATE_SESSION_QUARANTINE_FILE_H_

#include <memory>
#include <optional>
#include <string>

#include "base/uuid.h"
#include "datasets/finalise.h"
#include "engine/engine.h"
#include "engine/file_writer.h"

namespace lakegate::session {

class QuarantineFile final : public datasets::QuarantineSink {
 public:
  QuarantineFile(std::shared_ptr<const engine::Engine> engine, const std::string& directory,
                 const std::string& dataset, base::RandomSource& random);
  // Removes an unfinished file.
  ~QuarantineFile() override;

  Status Write(const ArrowSchema& schema, OwnedArray batch) override;
  Status Finish();

 private:
  const std::shared_ptr<const engine::Engine> engine_;
  const std::string directory_;
  const std::string path_;
  const std::string temporary_path_;
  std::optional<engine::FileWriter> writer_;
};

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_QUARANTINE_FILE_H_
