// For tests: small tables as C++ rows, their streams in many encodings, and results as text.
#ifndef LAKEGATE_KERNELS_TEST_TABLES_H_
#define LAKEGATE_KERNELS_TEST_TABLES_H_

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columnar/test_arrays.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

using columnar::Pick;
using columnar::Rng;

__extension__ using Wide = __int128;

// path, num, start, end, score, tie, id: the columns of every test table, in this order.
struct TestRow {
  std::optional<std::string> path = "p";
  std::optional<double> num = 0;
  std::optional<Wide> start = 0;
  std::optional<Wide> end = 0;
  std::optional<double> score = 0;
  std::optional<std::int64_t> tie = 0;
  std::int64_t id = 0;
};
inline constexpr int kColumns = 7;
inline constexpr int kIdColumn = 6;

// How a table is stored.
struct Encoding {
  std::string path = "u";  // u, U, vu, or d (dictionary of utf8)
  std::string span = "l";  // any integer or temporal format
};

inline columnar::SharedBuffer Validity(const std::vector<bool>& valid) {
  std::string bits((valid.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (valid[i])
      columnar::SetBit(reinterpret_cast<std::uint8_t*>(bits.data()), static_cast<std::int64_t>(i));
  }
  return columnar::BytesBuffer(bits);
}

// A fixed-width column from the low bytes of 16-byte values.
inline OwnedArray FixedColumn(const std::vector<std::optional<Wide>>& values, std::size_t width) {
  columnar::ArrayParts parts;
  std::string bytes;
  std::vector<bool> valid;
  for (const auto& value : values) {
    const Wide stored = value.value_or(0);
    bytes.append(reinterpret_cast<const char*>(&stored), width);
    valid.push_back(value.has_value());
  }
  parts.length = static_cast<std::int64_t>(values.size());
  parts.null_count = -1;
  parts.buffers = {Validity(valid), columnar::BytesBuffer(bytes)};
  return columnar::MakeArray(std::move(parts));
}

inline std::optional<Wide> BitsOf(const std::optional<double>& value) {
  if (!value) return std::nullopt;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &*value, sizeof bits);
  return static_cast<Wide>(bits);
}

inline OwnedArray TextColumn(const std::vector<std::optional<std::string>>& values,
                             const std::string& encoding, Rng& rng) {
  columnar::ArrayParts parts;
  std::vector<std::string> texts;
  std::vector<bool> valid;
  for (const auto& value : values) {
    texts.push_back(value.value_or(""));
    valid.push_back(value.has_value());
  }
  parts.length = static_cast<std::int64_t>(values.size());
  parts.null_count = -1;
  parts.buffers.push_back(Validity(valid));
  if (encoding == "u") {
    columnar::AppendOffsetsAndBytes<std::int32_t>(texts, &parts);
  } else if (encoding == "U") {
    columnar::AppendOffsetsAndBytes<std::int64_t>(texts, &parts);
  } else if (encoding == "vu") {
    columnar::AppendViews(texts, rng, &parts);
  } else {
    std::vector<std::string> distinct(texts);
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    std::shuffle(distinct.begin(), distinct.end(), rng);
    std::vector<std::int32_t> indices;
    for (const auto& text : texts) {
      indices.push_back(static_cast<std::int32_t>(
          std::find(distinct.begin(), distinct.end(), text) - distinct.begin()));
    }
    parts.buffers.push_back(columnar::ValuesBuffer(indices));
    columnar::ArrayParts dictionary;
    dictionary.length = static_cast<std::int64_t>(distinct.size());
    dictionary.buffers.push_back({});
    columnar::AppendOffsetsAndBytes<std::int32_t>(distinct, &dictionary);
    parts.dictionary = columnar::MakeArray(std::move(dictionary));
  }
  return columnar::MakeArray(std::move(parts));
}

inline OwnedSchema SchemaOfTest(const Encoding& encoding, const columnar::Metadata& metadata = {}) {
  const auto field = [](std::string name, std::string format) {
    columnar::FieldSpec spec;
    spec.name = std::move(name);
    spec.format = std::move(format);
    return spec;
  };
  columnar::FieldSpec path = field("path", encoding.path == "d" ? "i" : encoding.path);
  if (encoding.path == "d") path.dictionary.push_back(field("", "u"));
  return columnar::MakeSchema(
      {path, field("num", "g"), field("start", encoding.span), field("end", encoding.span),
       field("score", "g"), field("tie", "l"), field("id", "l")},
      metadata);
}

inline OwnedArray BatchOfTest(const TestRow* rows, std::size_t count, const Encoding& encoding,
                              Rng& rng) {
  std::vector<std::optional<std::string>> path;
  std::vector<std::optional<Wide>> num, start, end, score, tie, id;
  for (std::size_t i = 0; i < count; ++i) {
    path.push_back(rows[i].path);
    num.push_back(BitsOf(rows[i].num));
    start.push_back(rows[i].start);
    end.push_back(rows[i].end);
    score.push_back(BitsOf(rows[i].score));
    tie.push_back(rows[i].tie ? std::optional<Wide>(*rows[i].tie) : std::nullopt);
    id.push_back(rows[i].id);
  }
  const auto width =
      static_cast<std::size_t>(columnar::ParseFormat(encoding.span).value().byte_width);
  columnar::ArrayParts parts;
  parts.length = static_cast<std::int64_t>(count);
  parts.buffers.resize(1);
  parts.children.push_back(TextColumn(path, encoding.path, rng));
  parts.children.push_back(FixedColumn(num, 8));
  parts.children.push_back(FixedColumn(start, width));
  parts.children.push_back(FixedColumn(end, width));
  parts.children.push_back(FixedColumn(score, 8));
  parts.children.push_back(FixedColumn(tie, 8));
  parts.children.push_back(FixedColumn(id, 8));
  return columnar::MakeArray(std::move(parts));
}

// The rows as a stream, in batches of random sizes up to `most` (empty ones too).
inline ArrowStream StreamOfTest(const std::vector<TestRow>& rows, const Encoding& encoding,
                                Rng& rng, std::size_t most = 5,
                                const columnar::Metadata& metadata = {}) {
  std::vector<OwnedArray> batches;
  for (std::size_t at = 0; at < rows.size();) {
    const auto want = static_cast<std::size_t>(Pick(rng, 0, static_cast<std::int64_t>(most)));
    const std::size_t count = std::min(want, rows.size() - at);
    batches.push_back(BatchOfTest(rows.data() + at, count, encoding, rng));
    at += count;
  }
  return StreamOf(SchemaOfTest(encoding, metadata), std::move(batches));
}

struct ReadResult {
  OwnedSchema schema;
  std::vector<std::string> rows;  // all columns as text
  std::vector<std::vector<std::string>> cells;
};

inline Result<ReadResult> ReadAll(ArrowStream stream) {
  ReadResult result;
  result.schema = CopySchema(stream->schema());
  while (true) {
    auto next = stream->Next();
    if (!next) return next.error();
    if (!next->has_value()) return result;
    const auto checked = columnar::CheckArray(*result.schema, ***next);
    if (!checked) return checked.error();
    const auto batch = columnar::BatchView::Open(*result.schema, ***next).value();
    for (std::int64_t row = 0; row < batch.length(); ++row) {
      std::string line;
      std::vector<std::string> cells;
      cells.reserve(static_cast<std::size_t>(batch.column_count()));
      for (std::int64_t i = 0; i < batch.column_count(); ++i) {
        std::string text = columnar::TextOf(batch.column(i), row);
        if (i > 0) line += '|';
        line += text;
        if (text.starts_with('\'')) text = text.substr(1, text.size() - 2);
        cells.push_back(std::move(text));
      }
      result.rows.push_back(std::move(line));
      result.cells.push_back(std::move(cells));
    }
  }
}

// How many random cases a property test of a kernel runs: 10,000 in `make test`, some of them
// where a room is tested alone after a change.
inline int RandomCases() {
#if defined(__SANITIZE_THREAD__)
  return 300;  // each some fifty times as long
#else
  static const int cases = std::getenv("LAKEGATE_ALL_CASES") != nullptr ? 10'000 : 2'500;
  return cases;
#endif
}

// Whether a case is also read in other batches: some of them, because a case costs most of its
// time around the kernel.
inline bool IsReadAgain(int round) { return round % 5 == 0; }

// Threads for a case of a few rows: mostly one, because handing them over costs more than the
// work, by far so on a busy machine.
inline std::int64_t RandomThreads(Rng& rng) {
  return Pick(rng, 0, 7) == 0 ? std::int64_t{1} << Pick(rng, 1, 2) : 1;
}

inline KernelContext ContextOfTest(std::int64_t batch_rows = 1024) {
  KernelContext context;
  context.batch_rows = batch_rows;
  return context;
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_TEST_TABLES_H_
