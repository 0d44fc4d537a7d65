#include "columnar/value_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <iterator>

#include "base/text.h"
#include "base/try.h"
#include "columnar/calendar_text.h"
#include "columnar/number_text.h"
#include "columnar/schema.h"

namespace lakegate::columnar {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Bytes of the well-formed UTF-8 sequence at `at` (RFC 3629), or 0.
std::size_t SequenceAt(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  std::size_t size = 0;
  if (byte < 0x80) return 1;
  if (byte >= 0xc2 && byte < 0xe0) size = 2;
  if (byte >= 0xe0 && byte < 0xf0) size = 3;
  if (byte >= 0xf0 && byte < 0xf5) size = 4;
  if (size == 0 || at + size > text.size()) return 0;
  return base::IsUtf8(text.substr(at, size)) ? size : 0;
}

void AppendHex(std::string_view bytes, std::string* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out->push_back(kDigits[byte >> 4]);
    out->push_back(kDigits[byte & 0xf]);
  }
}

template <typename Value>
Value ReadAt(std::string_view raw, std::size_t offset) {
  Value value;
  std::memcpy(&value, raw.data() + offset, sizeof value);
  return value;
}

std::string_view ZoneOf(const ArrowSchema& schema) {
  const ArrowSchema& values = schema.dictionary != nullptr ? *schema.dictionary : schema;
  const std::string_view format = values.format;
  const std::size_t colon = format.find(':');
  return colon == std::string_view::npos ? "" : format.substr(colon + 1);
}

bool IsListLike(Layout layout) {
  switch (layout) {
    case Layout::kList32:
    case Layout::kList64:
    case Layout::kListView32:
    case Layout::kListView64:
    case Layout::kFixedSizeList:
      return true;
    default:
      return false;
  }
}

// JSON writes these without quotes.
bool IsBareInJson(TypeId id) {
  return IsInteger(id) || IsFloat(id) || IsDecimal(id) || id == TypeId::kBool;
}

void AppendIntervalAt(const ColumnView& column, std::int64_t row, std::string* out) {
  const std::string_view raw = column.Raw(row);
  switch (column.type().id) {
    case TypeId::kIntervalMonths:
      return AppendInterval(ReadAt<std::int32_t>(raw, 0), 0, 0, out);
    case TypeId::kIntervalDayTime:
      return AppendInterval(0, ReadAt<std::int32_t>(raw, 0),
                            std::int64_t{ReadAt<std::int32_t>(raw, 4)} * 1'000'000, out);
    default:
      return AppendInterval(ReadAt<std::int32_t>(raw, 0), ReadAt<std::int32_t>(raw, 4),
                            ReadAt<std::int64_t>(raw, 8), out);
  }
}

}  // namespace

void AppendValidUtf8(std::string_view text, std::string* out) {
  if (base::IsUtf8(text)) {
    out->append(text);
    return;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = SequenceAt(text, at);
    out->append(size == 0 ? kReplacement : text.substr(at, size));
    at += size == 0 ? 1 : size;
  }
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  std::string valid;
  if (!base::IsUtf8(text)) {
    AppendValidUtf8(text, &valid);
    text = valid;
  }
  for (const char c : text) {
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

Result<ValueText> ValueText::Open(const ColumnView& column) {
  ValueText text(column);
  if (column.type().id == TypeId::kTimestamp && column.type().zoned) {
    const std::string_view zone = ZoneOf(column.schema());
    const std::optional<std::int64_t> offset = FixedOffsetSeconds(zone);
    text.zone_offset_seconds_ = offset.value_or(0);
    text.zone_suffix_ = text.zone_offset_seconds_ == 0 ? "Z" : std::string(zone);
  }
  if (column.is_dictionary()) {
    // Only nested values need a reader of their own; flat ones come through the view.
    if (!IsNested(column.type().id)) return text;
    LG_ASSIGN_OR_RETURN(const ColumnView values, column.Dictionary());
    LG_ASSIGN_OR_RETURN(ValueText child, Open(values));
    text.children_.push_back(std::move(child));
    return text;
  }
  for (std::int64_t i = 0; i < column.child_count(); ++i) {
    LG_ASSIGN_OR_RETURN(const ColumnView view, column.Child(i));
    LG_ASSIGN_OR_RETURN(ValueText child, Open(view));
    text.children_.push_back(std::move(child));
  }
  return text;
}

std::pair<const ValueText*, std::int64_t> ValueText::Resolve(std::int64_t row) const {
  const ValueText* text = this;
  while (true) {
    const TypeId id = text->column_.type().id;
    if (text->column_.is_dictionary()) {
      if (!IsNested(id) || text->column_.IsNullSlot(row)) return {text, row};
      row = text->column_.DictionaryIndex(row);
      text = text->children_.data();
    } else if (id == TypeId::kDenseUnion || id == TypeId::kSparseUnion) {
      const auto [child, slot] = text->column_.UnionSlot(row);
      text = &text->children_[static_cast<std::size_t>(child)];
      row = slot;
    } else if (id == TypeId::kRunEndEncoded) {
      row = text->column_.RunOf(row);
      text = &text->children_[1];
    } else {
      return {text, row};
    }
  }
}

bool ValueText::IsNull(std::int64_t row) const {
  const auto [text, at] = Resolve(row);
  return text->column_.IsNull(at);
}

void ValueText::AppendText(std::int64_t row, std::string* out) const {
  const auto [text, at] = Resolve(row);
  if (text->column_.IsNull(at)) return;
  if (IsNested(text->column_.type().id)) return text->AppendJson(at, out);
  text->AppendFlat(at, out);
}

void ValueText::AppendJson(std::int64_t row, std::string* out) const {
  const auto [text, at] = Resolve(row);
  if (text != this) return text->AppendJson(at, out);
  const DataType& type = column_.type();
  // JSON has no word for NaN and the infinities.
  const bool has_value =
      !column_.IsNull(at) && !(IsFloat(type.id) && !std::isfinite(column_.Double(at)));
  if (!has_value) {
    out->append("null");
  } else if (type.id == TypeId::kMap) {
    AppendMap(at, out);
  } else if (IsListLike(type.layout)) {
    AppendList(at, out);
  } else if (type.id == TypeId::kStruct) {
    AppendStruct(at, out);
  } else if (IsBareInJson(type.id)) {
    AppendFlat(at, out);
  } else if (IsString(type.id)) {
    AppendJsonString(column_.Bytes(at), out);
  } else {
    out->push_back('"');
    AppendFlat(at, out);
    out->push_back('"');
  }
}

void ValueText::AppendFlat(std::int64_t row, std::string* out) const {
  const DataType& type = column_.type();
  switch (type.id) {
    case TypeId::kBool:
      out->append(column_.Bool(row) ? "true" : "false");
      return;
    case TypeId::kFloat16:
      return AppendFloat32(static_cast<float>(column_.Double(row)), out);
    case TypeId::kFloat32:
      return AppendFloat32(ReadAt<float>(column_.Raw(row), 0), out);
    case TypeId::kFloat64:
      return AppendFloat64(column_.Double(row), out);
    case TypeId::kDate32:
      return AppendDate(column_.Int64(row), out);
    case TypeId::kDate64:
      // Whole days by the specification; what is not is shown as the moment it is.
      if (column_.Int64(row) % 86'400'000 == 0) {
        return AppendDate(column_.Int64(row) / 86'400'000, out);
      }
      return AppendTimestamp(column_.Int64(row), TimeUnit::kMillisecond, 0, "", out);
    case TypeId::kTime32:
    case TypeId::kTime64:
      return AppendTimeOfDay(column_.Int64(row), type.unit, out);
    case TypeId::kTimestamp:
      return AppendTimestamp(column_.Int64(row), type.unit, zone_offset_seconds_, zone_suffix_,
                             out);
    case TypeId::kDuration:
      return AppendDuration(column_.Int64(row), type.unit, out);
    case TypeId::kIntervalMonths:
    case TypeId::kIntervalDayTime:
    case TypeId::kIntervalMonthDayNano:
      return AppendIntervalAt(column_, row, out);
    default:
      break;
  }
  if (IsDecimal(type.id)) return AppendDecimal(column_.Raw(row), type.scale, out);
  if (IsString(type.id)) return AppendValidUtf8(column_.Bytes(row), out);
  if (IsUnsignedInteger(type.id)) {
    fmt::format_to(std::back_inserter(*out), "{}", column_.Uint64(row));
  } else if (IsSignedInteger(type.id)) {
    fmt::format_to(std::back_inserter(*out), "{}", column_.Int64(row));
  } else {
    AppendHex(column_.Bytes(row), out);
  }
}

void ValueText::AppendList(std::int64_t row, std::string* out) const {
  const auto [first, last] = column_.ListRange(row);
  out->push_back('[');
  for (std::int64_t at = first; at < last; ++at) {
    if (at != first) out->push_back(',');
    children_[0].AppendJson(at, out);
  }
  out->push_back(']');
}

void ValueText::AppendStruct(std::int64_t row, std::string* out) const {
  out->push_back('{');
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (i != 0) out->push_back(',');
    AppendJsonString(NameOf(children_[i].column_.schema()), out);
    out->push_back(':');
    children_[i].AppendJson(row, out);
  }
  out->push_back('}');
}

void ValueText::AppendMap(std::int64_t row, std::string* out) const {
  const auto [first, last] = column_.ListRange(row);
  const ValueText& keys = children_[0].children_[0];
  const ValueText& values = children_[0].children_[1];
  std::string key;
  out->push_back('{');
  for (std::int64_t at = first; at < last; ++at) {
    if (at != first) out->push_back(',');
    key.clear();
    keys.AppendText(at, &key);
    AppendJsonString(key, out);
    out->push_back(':');
    values.AppendJson(at, out);
  }
  out->push_back('}');
}

std::string RowText(const std::vector<ValueText>& columns, std::int64_t row,
                    std::size_t max_bytes) {
  std::string text = "{";
  for (std::size_t i = 0; i < columns.size() && text.size() <= max_bytes; ++i) {
    if (i != 0) text.append(", ");
    AppendValidUtf8(NameOf(columns[i].column().schema()), &text);
    text.append(": ");
    columns[i].AppendJson(row, &text);
  }
  text.push_back('}');
  return base::Shorten(text, max_bytes);
}

}  // namespace lakegate::columnar
