#include "delta/log.h"

#include <utility>

#include "base/try.h"

namespace lakegate::delta {

namespace {

class EngineLog final : public Log {
 public:
  EngineLog(std::shared_ptr<const engine::Engine> engine, std::string path)
      : engine_(std::move(engine)), path_(std::move(path)) {}

  const std::string& path() const override { return path_; }

  Result<std::optional<Snapshot>> Read() override {
    auto head = ReadSnapshot(*engine_, path_, {}, {});
    if (head) return std::optional(*std::move(head));
    if (head.error().kind() == ErrorKind::kNotFound) return std::optional<Snapshot>();
    return std::move(head).error();
  }

  Result<std::optional<std::int64_t>> AppVersion(const Snapshot& snapshot,
                                                 std::string_view app_id) override {
    return snapshot.handle->AppVersion(app_id);
  }

  Result<std::string> Files(const Snapshot& snapshot) override { return snapshot.handle->Files(); }

  Result<std::int64_t> Commit(const Snapshot* base, std::string_view request) override {
    return engine::CommitDelta(*engine_, base == nullptr ? nullptr : base->handle.get(), request);
  }

  Result<std::string> ReadCommit(std::int64_t version) override {
    return engine::ReadDeltaCommit(*engine_, path_, version);
  }

  Status Discard(const std::vector<std::string>& files) override {
    if (files.empty()) return {};
    return engine::DiscardStaged(*engine_, path_, files);
  }

 private:
  // Shared with the caller: a log may be the last to need it.
  std::shared_ptr<const engine::Engine> engine_;
  std::string path_;
};

}  // namespace

Result<Snapshot> ReadSnapshot(const engine::Engine& engine, const std::string& path,
                              std::optional<std::int64_t> version,
                              std::optional<std::int64_t> timestamp_ms) {
  LG_ASSIGN_OR_RETURN(auto opened,
                      engine::DeltaSnapshot::Open(engine, path, version, timestamp_ms));
  auto handle = std::make_shared<const engine::DeltaSnapshot>(std::move(opened));
  LG_ASSIGN_OR_RETURN(const std::string info, handle->Info());
  LG_ASSIGN_OR_RETURN(auto schema, handle->schema());
  LG_ASSIGN_OR_RETURN(auto snapshot, SnapshotFrom(info, std::move(schema)));
  snapshot.handle = std::move(handle);
  return snapshot;
}

std::unique_ptr<Log> OpenLog(std::shared_ptr<const engine::Engine> engine, std::string path) {
  return std::make_unique<EngineLog>(std::move(engine), std::move(path));
}

}  // namespace lakegate::delta
