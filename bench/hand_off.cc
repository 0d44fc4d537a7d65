// G20: what a batch costs on its way from C++ through the engine and back, and that it is not
// copied. A stream of small batches is registered and read again by SQL; what one statement costs
// by itself is taken off.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/schema.h"
#include "lakegate/arrow.h"
#include "lakegate/session.h"

namespace {

constexpr std::int64_t kRows = 64;  // of a batch
constexpr int kTurns = 9;

using Addresses = std::unordered_set<const void*>;

void AddAddresses(const ArrowArray& batch, Addresses* addresses) {
  for (std::int64_t i = 0; i < batch.n_children; ++i) {
    addresses->insert(batch.children[i]->buffers[1]);
  }
}

lakegate::ArrowStream StreamOfBatches(int columns, int batches, Addresses* addresses) {
  std::vector<lakegate::columnar::FieldSpec> fields;
  for (int i = 0; i < columns; ++i) {
    fields.push_back({.name = "c" + std::to_string(i), .format = "l"});
  }
  auto builder =
      lakegate::columnar::BatchBuilder::Make(*lakegate::columnar::MakeSchema(fields)).value();
  std::vector<lakegate::OwnedArray> made;
  for (int b = 0; b < batches; ++b) {
    for (std::int64_t row = 0; row < kRows; ++row) {
      for (int i = 0; i < columns; ++i) builder.column(i).AppendInt(row + b);
    }
    made.push_back(builder.Finish());
    AddAddresses(*made.back(), addresses);
  }
  return lakegate::StreamOf(lakegate::CopySchema(builder.schema()), std::move(made));
}

struct Read {
  double nanoseconds = 0;
  std::int64_t batches = 0;
  std::int64_t columns = 0;
  std::int64_t columns_in_place = 0;
};

lakegate::Result<Read> ReadOnce(lakegate::Session& session, const std::string& table,
                                const Addresses& addresses) {
  Read read;
  const auto started = std::chrono::steady_clock::now();
  lakegate::QueryOptions options;
  options.ordered = true;
  auto stream = session.Sql("SELECT * FROM " + table, options);
  if (!stream) return stream.error();
  while (true) {
    auto batch = (*stream)->Next();
    if (!batch) return batch.error();
    if (!batch->has_value()) break;
    ++read.batches;
    const ArrowArray& array = ***batch;
    for (std::int64_t i = 0; i < array.n_children; ++i) {
      ++read.columns;
      read.columns_in_place += addresses.contains(array.children[i]->buffers[1]) ? 1 : 0;
    }
  }
  const auto ended = std::chrono::steady_clock::now();
  read.nanoseconds = std::chrono::duration<double, std::nano>(ended - started).count();
  return read;
}

lakegate::Result<Read> Fastest(lakegate::Session& session, const std::string& table,
                               const Addresses& addresses) {
  Read fastest;
  for (int turn = 0; turn < kTurns; ++turn) {
    auto read = ReadOnce(session, table, addresses);
    if (!read) return read.error();
    if (turn == 0 || read->nanoseconds < fastest.nanoseconds) fastest = *read;
  }
  return fastest;
}

lakegate::Status Run() {
  auto session = lakegate::Session::Open();
  if (!session) return session.error();
  std::printf("| columns | batches | ns a batch | ns a column a batch | handed over in place |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const int columns : {1, 10, 50}) {
    constexpr int kFew = 10;
    constexpr int kMany = 5'000;
    Addresses addresses;
    const std::string few = "few_" + std::to_string(columns);
    const std::string many = "many_" + std::to_string(columns);
    for (const auto& [name, batches] : {std::pair(few, kFew), std::pair(many, kMany)}) {
      auto registered =
          (*session)->RegisterStream(name, StreamOfBatches(columns, batches, &addresses));
      if (!registered) return registered.error();
    }
    auto base = Fastest(**session, few, addresses);
    auto read = Fastest(**session, many, addresses);
    if (!base) return base.error();
    if (!read) return read.error();
    const double batch = (read->nanoseconds - base->nanoseconds) /
                         static_cast<double>(read->batches - base->batches);
    std::printf("| %d | %lld | %.0f | %.0f | %lld of %lld |\n", columns,
                static_cast<long long>(read->batches), batch, batch / columns,
                static_cast<long long>(read->columns_in_place),
                static_cast<long long>(read->columns));
  }
  return {};
}

}  // namespace

int main() {
  const auto done = Run();
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().ToString().c_str());
  return 1;
}
