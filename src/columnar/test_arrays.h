// For tests: values as text, and random arrays of any type.
#ifndef LAKEGATE_COLUMNAR_TEST_ARRAYS_H_
#define LAKEGATE_COLUMNAR_TEST_ARRAYS_H_

#include <fmt/format.h>

#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "columnar/array_parts.h"
#include "columnar/bits.h"
#include "columnar/schema.h"
#include "columnar/view.h"

namespace lakegate::columnar {

inline std::string TextOf(const ColumnView& view, std::int64_t row);

inline std::string NestedText(const ColumnView& view, std::int64_t row) {
  std::string text;
  switch (view.type().layout) {
    case Layout::kStruct:
      for (std::int64_t i = 0; i < view.child_count(); ++i) {
        text += TextOf(view.Child(i).value(), row) + ";";
      }
      return "{" + text + "}";
    case Layout::kDenseUnion:
    case Layout::kSparseUnion: {
      const auto [child, at] = view.UnionSlot(row);
      return fmt::format("<{}:{}>", child, TextOf(view.Child(child).value(), at));
    }
    case Layout::kRunEndEncoded:
      return TextOf(view.Child(1).value(), view.RunOf(row));
    default: {
      const auto [begin, end] = view.ListRange(row);
      const ColumnView items = view.Child(0).value();
      for (std::int64_t i = begin; i < end; ++i) text += TextOf(items, i) + ",";
      return "[" + text + "]";
    }
  }
}

inline std::string TextOf(const ColumnView& view, std::int64_t row) {
  if (view.IsNull(row)) return "null";
  if (view.is_dictionary()) return TextOf(view.Dictionary().value(), view.DictionaryIndex(row));
  const DataType& type = view.type();
  if (type.id == TypeId::kBool) return view.Bool(row) ? "true" : "false";
  if (type.id == TypeId::kUint64) return fmt::format("{}", view.Uint64(row));
  if (IsInteger(type.id) || IsTemporal(type.id)) return fmt::format("{}", view.Int64(row));
  if (type.id == TypeId::kFloat64) return fmt::format("{}", view.Double(row));
  if (type.layout == Layout::kFixed) {
    std::string hex;
    for (const char c : view.Raw(row)) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return hex;
  }
  if (IsString(type.id) || IsBinary(type.id)) return fmt::format("'{}'", view.Bytes(row));
  return NestedText(view, row);
}

// All rows of a stream or batch list as text, one string a row: "a|b|c".
inline std::vector<std::string> RowTexts(const ArrowSchema& schema, const ArrowArray& batch) {
  const BatchView view = BatchView::Open(schema, batch).value();
  std::vector<std::string> rows;
  for (std::int64_t row = 0; row < view.length(); ++row) {
    std::string text;
    for (std::int64_t i = 0; i < view.column_count(); ++i) {
      if (i > 0) text += "|";
      text += TextOf(view.column(i), row);
    }
    rows.push_back(std::move(text));
  }
  return rows;
}

using Rng = std::mt19937_64;

inline std::int64_t Pick(Rng& rng, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(rng);
}

inline SharedBuffer BytesBuffer(const std::string& bytes) {
  Buffer buffer = BufferPool::Process()->Allocate(static_cast<std::int64_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
  return Share(std::move(buffer));
}

template <typename T>
SharedBuffer ValuesBuffer(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return BytesBuffer(bytes);
}

inline std::string RandomText(Rng& rng) {
  std::string text;
  const std::int64_t size = Pick(rng, 0, 3) == 0 ? Pick(rng, 12, 24) : Pick(rng, 0, 3);
  for (std::int64_t i = 0; i < size; ++i) text += static_cast<char>('a' + Pick(rng, 0, 3));
  return text;
}

// utf8 or binary views over one or two variadic buffers.
inline void AppendViews(const std::vector<std::string>& texts, Rng& rng, ArrayParts* parts) {
  std::string views;
  std::vector<std::string> variadic(static_cast<std::size_t>(Pick(rng, 1, 2)));
  for (const std::string& text : texts) {
    ViewHeader header{};
    header.length = static_cast<std::int32_t>(text.size());
    std::string view(kViewBytes, '\0');
    if (header.length <= kInlineViewBytes) {
      std::memcpy(view.data(), &header.length, sizeof header.length);
      std::memcpy(view.data() + 4, text.data(), text.size());
    } else {
      const auto which =
          static_cast<std::size_t>(Pick(rng, 0, static_cast<std::int64_t>(variadic.size()) - 1));
      std::memcpy(&header.prefix, text.data(), 4);
      header.buffer = static_cast<std::int32_t>(which);
      header.offset = static_cast<std::int32_t>(variadic[which].size());
      variadic[which] += text;
      std::memcpy(view.data(), &header, sizeof header);
    }
    views += view;
  }
  std::vector<std::int64_t> sizes;
  parts->buffers.push_back(BytesBuffer(views));
  for (const std::string& bytes : variadic) {
    sizes.push_back(static_cast<std::int64_t>(bytes.size()));
    parts->buffers.push_back(BytesBuffer(bytes));
  }
  parts->buffers.push_back(ValuesBuffer(sizes));
}

template <typename Offset>
void AppendOffsetsAndBytes(const std::vector<std::string>& texts, ArrayParts* parts) {
  std::vector<Offset> offsets = {0};
  std::string bytes;
  for (const std::string& text : texts) {
    bytes += text;
    offsets.push_back(static_cast<Offset>(bytes.size()));
  }
  parts->buffers.push_back(ValuesBuffer(offsets));
  parts->buffers.push_back(BytesBuffer(bytes));
}

OwnedArray RandomArray(const ArrowSchema& schema, std::int64_t length, Rng& rng);

template <typename Offset>
void AppendRandomLists(const ArrowSchema& schema, bool views, std::int64_t slots, Rng& rng,
                       ArrayParts* parts) {
  std::vector<Offset> offsets;
  std::vector<Offset> sizes;
  std::int64_t items = 0;
  for (std::int64_t i = 0; i < slots; ++i) {
    offsets.push_back(static_cast<Offset>(items));
    sizes.push_back(static_cast<Offset>(Pick(rng, 0, 3)));
    items += static_cast<std::int64_t>(sizes.back());
  }
  if (views) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {  // anywhere, overlaps allowed
      offsets[i] = static_cast<Offset>(Pick(rng, 0, items - static_cast<std::int64_t>(sizes[i])));
    }
  } else {
    offsets.push_back(static_cast<Offset>(items));
  }
  parts->buffers.push_back(ValuesBuffer(offsets));
  if (views) parts->buffers.push_back(ValuesBuffer(sizes));
  parts->children.push_back(RandomArray(*schema.children[0], items, rng));
}

inline void AppendRandomUnion(const ArrowSchema& schema, const DataType& type, std::int64_t slots,
                              Rng& rng, ArrayParts* parts) {
  const bool dense = type.layout == Layout::kDenseUnion;
  std::vector<std::int8_t> codes;
  std::vector<std::int32_t> offsets;
  for (std::int64_t i = 0; i < slots; ++i) {
    const std::int64_t child = Pick(rng, 0, schema.n_children - 1);
    std::int8_t code = 0;
    while (UnionChildOf(schema.format, code) != child) ++code;
    codes.push_back(code);
    offsets.push_back(static_cast<std::int32_t>(Pick(rng, 0, 4)));
  }
  parts->buffers.push_back(ValuesBuffer(codes));
  if (dense) parts->buffers.push_back(ValuesBuffer(offsets));
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    parts->children.push_back(RandomArray(*schema.children[i], dense ? 5 : slots, rng));
  }
}

inline void AppendRandomRuns(const ArrowSchema& schema, std::int64_t slots, Rng& rng,
                             ArrayParts* parts) {
  std::vector<std::int32_t> ends;
  while (ends.empty() || ends.back() < slots) {
    ends.push_back((ends.empty() ? 0 : ends.back()) + static_cast<std::int32_t>(Pick(rng, 1, 3)));
  }
  const auto runs = static_cast<std::int64_t>(ends.size());
  ArrayParts end_parts;
  end_parts.length = runs;
  end_parts.buffers.push_back({});
  end_parts.buffers.push_back(ValuesBuffer(ends));
  parts->children.push_back(MakeArray(std::move(end_parts)));
  parts->children.push_back(RandomArray(*schema.children[1], runs, rng));
}

// The content of a non-nested, non-dictionary layout.
inline void AppendRandomFlat(const DataType& type, std::int64_t slots, Rng& rng,
                             ArrayParts* parts) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < slots; ++i) texts.push_back(RandomText(rng));
  std::string bytes;
  switch (type.layout) {
    case Layout::kBits:
    case Layout::kFixed:
      for (std::int64_t i = 0; i < slots * std::max<std::int64_t>(type.byte_width, 1); ++i) {
        bytes +=
            static_cast<char>(type.id == TypeId::kFloat64 ? Pick(rng, 60, 67) : Pick(rng, 0, 255));
      }
      parts->buffers.push_back(BytesBuffer(bytes));
      return;
    case Layout::kOffsets32:
      return AppendOffsetsAndBytes<std::int32_t>(texts, parts);
    case Layout::kOffsets64:
      return AppendOffsetsAndBytes<std::int64_t>(texts, parts);
    default:
      return AppendViews(texts, rng, parts);
  }
}

inline SharedBuffer RandomValidity(std::int64_t slots, Rng& rng) {
  if (Pick(rng, 0, 3) == 0) return {};
  std::string bits;
  for (std::int64_t i = 0; i < BytesOfBits(slots); ++i)
    bits += static_cast<char>(Pick(rng, 0, 255));
  return BytesBuffer(bits);
}

// Random values, nulls and offset; nested as the schema says.
inline OwnedArray RandomArray(const ArrowSchema& schema, std::int64_t length, Rng& rng) {
  const DataType type = ParseFormat(schema.format).value();
  ArrayParts parts;
  parts.length = length;
  parts.offset = Pick(rng, 0, 3);
  parts.null_count = -1;
  const std::int64_t slots = length + parts.offset;
  const bool validity = type.layout != Layout::kNull && type.layout != Layout::kDenseUnion &&
                        type.layout != Layout::kSparseUnion &&
                        type.layout != Layout::kRunEndEncoded;
  if (validity) {
    parts.buffers.push_back(IsNullable(schema) ? RandomValidity(slots, rng) : SharedBuffer{});
  }
  if (schema.dictionary != nullptr) {
    std::string indices;
    const std::int64_t values = Pick(rng, 1, 4);
    for (std::int64_t i = 0; i < slots; ++i) {
      const std::int64_t index = Pick(rng, 0, values - 1);
      indices.append(reinterpret_cast<const char*>(&index),
                     static_cast<std::size_t>(type.byte_width));
    }
    parts.buffers.push_back(BytesBuffer(indices));
    parts.dictionary = RandomArray(*schema.dictionary, values, rng);
    return MakeArray(std::move(parts));
  }
  switch (type.layout) {
    case Layout::kNull:
      break;
    case Layout::kList32:
      AppendRandomLists<std::int32_t>(schema, false, slots, rng, &parts);
      break;
    case Layout::kList64:
      AppendRandomLists<std::int64_t>(schema, false, slots, rng, &parts);
      break;
    case Layout::kListView32:
      AppendRandomLists<std::int32_t>(schema, true, slots, rng, &parts);
      break;
    case Layout::kListView64:
      AppendRandomLists<std::int64_t>(schema, true, slots, rng, &parts);
      break;
    case Layout::kFixedSizeList:
      parts.children.push_back(RandomArray(*schema.children[0], slots * type.list_size, rng));
      break;
    case Layout::kStruct:
      for (std::int64_t i = 0; i < schema.n_children; ++i) {
        parts.children.push_back(RandomArray(*schema.children[i], slots, rng));
      }
      break;
    case Layout::kDenseUnion:
    case Layout::kSparseUnion:
      AppendRandomUnion(schema, type, slots, rng, &parts);
      break;
    case Layout::kRunEndEncoded:
      AppendRandomRuns(schema, slots, rng, &parts);
      break;
    default:
      AppendRandomFlat(type, slots, rng, &parts);
  }
  return MakeArray(std::move(parts));
}

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_TEST_ARRAYS_H_
