#include "catalog/identity.h"

#include <span>

#include "hashing/blake3.h"
#include "hashing/canonical.h"

namespace lakegate::catalog {
namespace {

using hashing::CanonicalEncoder;
using hashing::Tag;

// Raised when a field joins the encoding.
constexpr std::int64_t kSpecEncodingVersion = 1;

void EncodeTexts(const std::vector<std::string>& texts, CanonicalEncoder* encoder) {
  encoder->Begin(Tag::kList, texts.size());
  for (const std::string& text : texts) encoder->Text(text);
}

void EncodeOptional(const std::optional<std::int64_t>& number, CanonicalEncoder* encoder) {
  if (number) {
    encoder->Int(*number);
  } else {
    encoder->Null();
  }
}

void EncodeLocation(const DatasetLocation& location, CanonicalEncoder* encoder) {
  encoder->Begin(Tag::kStruct, 6);
  encoder->Text(location.path);
  if (location.format) {
    encoder->Int(static_cast<std::int64_t>(*location.format));
  } else {
    encoder->Null();
  }
  EncodeTexts(location.partition_columns, encoder);
  EncodeOptional(location.version, encoder);
  EncodeOptional(location.timestamp_ms, encoder);
  encoder->Begin(Tag::kRecord, location.options.size());
  for (const auto& [name, value] : location.options) {
    encoder->Text(name);
    encoder->Text(value);
  }
}

}  // namespace

hashing::Digest SpecHash(const DatasetSpec& spec) {
  CanonicalEncoder encoder;
  encoder.Begin(Tag::kStruct, 7);
  encoder.Int(kSpecEncodingVersion);
  encoder.Text(spec.name);
  EncodeLocation(spec.location, &encoder);
  EncodeTexts(spec.key, &encoder);
  EncodeTexts(spec.not_null, &encoder);
  encoder.Begin(Tag::kList, spec.checks.size());
  for (const Check& check : spec.checks) {
    encoder.Begin(Tag::kStruct, 2);
    encoder.Text(check.name);
    encoder.Text(check.expression);
  }
  encoder.Text(spec.on_violation == OnViolation::kFail ? "fail" : "quarantine");
  return hashing::Blake3Of(encoder.bytes());
}

DatasetIdentity IdentityOf(const DatasetSpec& spec) {
  const DatasetLocation& location = spec.location;
  return {.location = location.path,
          .format = location.format,
          .version = location.version,
          .timestamp_ms = location.timestamp_ms,
          .spec_hash = SpecHash(spec)};
}

}  // namespace lakegate::catalog
