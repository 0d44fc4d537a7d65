// For tests: tables of every flat type, and the order of their rows written down a second time.
#ifndef LAKEGATE_KERNELS_NAIVE_VALUES_H_
#define LAKEGATE_KERNELS_NAIVE_VALUES_H_

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "columnar/collected.h"
#include "columnar/test_arrays.h"
#include "columnar/view.h"
#include "kernels/column_values.h"
#include "kernels/test_tables.h"
#include "lakegate/kernel.h"

namespace lakegate::kernels {

using columnar::Collected;
using columnar::ColumnView;
using columnar::FieldSpec;
using columnar::TypeId;

inline constexpr const char* kFormats[] = {
    "n",   "b",   "c",   "C",      "s",          "S",        "i",   "I",   "l",   "L",
    "e",   "f",   "g",   "u",      "U",          "z",        "Z",   "vu",  "vz",  "w:3",
    "w:0", "w:9", "tdD", "d:10,2", "d:50,3,256", "d:5,1,32", "tdm", "tts", "ttn", "tsu:UTC"};

inline Collected RandomTable(Rng& rng, std::int64_t columns, std::int64_t most_rows) {
  std::vector<FieldSpec> fields;
  for (std::int64_t i = 0; i < columns; ++i) {
    FieldSpec field;
    field.format = kFormats[Pick(rng, 0, std::size(kFormats) - 1)];
    if (Pick(rng, 0, 3) == 0) {
      FieldSpec dictionary;
      dictionary.format = Pick(rng, 0, 1) == 0 ? "c" : "L";
      dictionary.dictionary.push_back(field);
      field = dictionary;
    }
    field.name = fmt::format("c{}", i);
    fields.push_back(field);
  }
  Collected table;
  table.schema = columnar::MakeSchema(fields);
  for (std::int64_t batches = Pick(rng, 0, 3); batches > 0; --batches) {
    columnar::ArrayParts parts;
    parts.length = Pick(rng, 1, most_rows);
    parts.buffers.resize(1);
    for (std::int64_t i = 0; i < columns; ++i) {
      parts.children.push_back(
          columnar::RandomArray(*table.schema->children[i], parts.length, rng));
    }
    table.rows += parts.length;
    table.batches.push_back(columnar::ShareArray(columnar::MakeArray(std::move(parts))));
  }
  return table;
}

// A value of a sort: what two of the same type compare by, written down independently.
struct Value {
  bool is_null = true;
  Wide number = 0;
  double real = 0;
  std::string bytes = {};  // most significant first
};

inline Value ValueOf(const ColumnView& view, std::int64_t row) {
  Value value;
  value.is_null = view.IsNull(row);
  if (value.is_null) return value;
  const columnar::DataType& type = view.type();
  if (type.id == TypeId::kBool) {
    value.number = view.Bool(row) ? 1 : 0;
  } else if (type.id == TypeId::kUint64) {
    value.number = view.Uint64(row);
  } else if (columnar::IsFloat(type.id)) {
    value.real = view.Double(row);
  } else if (type.id == TypeId::kDecimal128 || type.id == TypeId::kDecimal256) {
    const std::string_view raw = view.Raw(row);
    value.bytes.assign(raw.rbegin(), raw.rend());
    value.bytes[0] = static_cast<char>(value.bytes[0] ^ '\x80');
  } else if (columnar::IsInteger(type.id) || columnar::IsTemporal(type.id) ||
             columnar::IsDecimal(type.id)) {
    value.number = view.Int64(row);
  } else {
    value.bytes = view.Bytes(row);
  }
  return value;
}

inline int Compare(const Value& a, const Value& b, const SortKey& key) {
  if (a.is_null || b.is_null) {
    if (a.is_null == b.is_null) return 0;
    return a.is_null == (key.nulls == NullPlacement::kFirst) ? -1 : 1;
  }
  int order = 0;
  if (a.number != b.number) {
    order = a.number < b.number ? -1 : 1;
  } else if (std::isnan(a.real) || std::isnan(b.real)) {
    order = (std::isnan(a.real) ? 1 : 0) - (std::isnan(b.real) ? 1 : 0);
  } else if (a.real != b.real) {
    order = a.real < b.real ? -1 : 1;
  } else {
    order = a.bytes.compare(b.bytes);
  }
  return key.direction == SortDirection::kDescending ? -order : order;
}

struct Naive {
  std::vector<std::vector<Value>> columns;
  std::vector<SortKey> keys;

  int CompareRows(std::size_t a, std::size_t b) const {
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const int order = Compare(columns[k][a], columns[k][b], keys[k]);
      if (order != 0) return order < 0 ? -1 : 1;
    }
    return 0;
  }
};

inline Naive RandomKeys(const Collected& table, Rng& rng) {
  Naive naive;
  for (std::int64_t i = 0; i < table.schema->n_children; ++i) {
    SortKey key{fmt::format("c{}", i)};
    if (Pick(rng, 0, 1) == 0) key.direction = SortDirection::kDescending;
    if (Pick(rng, 0, 1) == 0) key.nulls = NullPlacement::kFirst;
    naive.keys.push_back(key);
    auto& values = naive.columns.emplace_back();
    const std::vector<ColumnView> views = ViewsOf(table, i).value();
    for (const ColumnView& view : views) {
      for (std::int64_t row = 0; row < view.length(); ++row) values.push_back(ValueOf(view, row));
    }
  }
  return naive;
}

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_NAIVE_VALUES_H_
