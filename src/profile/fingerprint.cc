#include <map>
#include <string_view>

#include "hashing/blake3.h"
#include "hashing/canonical.h"
#include "lakegate/profile.h"
#include "profile/profile_state.h"

namespace lakegate {
namespace {

using hashing::CanonicalEncoder;
using hashing::Tag;

// Part of every fingerprint: a change of the encoding changes it.
constexpr std::string_view kMethod = "lakegate.profile.1";

struct EncodeValue {
  CanonicalEncoder& encoder;
  void operator()(bool value) const { encoder.Bool(value); }
  void operator()(std::int64_t value) const { encoder.Int(value); }
  void operator()(const std::string& value) const { encoder.Text(value); }
  void operator()(const std::vector<std::string>& value) const {
    encoder.Begin(Tag::kList, value.size());
    for (const std::string& text : value) encoder.Text(text);
  }
};

// Sorted by name, so the table's order is free to change.
void EncodeSettings(const std::map<std::string_view, const SettingValue*>& settings,
                    CanonicalEncoder& encoder) {
  encoder.Begin(Tag::kRecord, settings.size());
  for (const auto& [name, value] : settings) {
    encoder.Text(name);
    std::visit(EncodeValue{encoder}, *value);
  }
}

}  // namespace

std::string Profile::Fingerprint() const {
  const std::span<const Setting> table = AllSettings();
  CanonicalEncoder encoder;
  encoder.Text(kMethod);
  std::map<std::string_view, const SettingValue*> settings;
  for (std::size_t i = 0; i < table.size(); ++i) settings[table[i].name] = &state_->values[i];
  EncodeSettings(settings, encoder);
  encoder.Begin(Tag::kRecord, state_->datasets.size());
  for (const auto& [name, dataset] : state_->datasets) {
    encoder.Text(name);
    encoder.Begin(Tag::kStruct, 4);
    encoder.Text(dataset.binding.location);
    encoder.Text(dataset.binding.format);
    EncodeValue{encoder}(dataset.binding.partition_by);
    std::map<std::string_view, const SettingValue*> overrides;
    for (const auto& [index, value] : dataset.overrides) overrides[table[index].name] = &value;
    EncodeSettings(overrides, encoder);
  }
  return hashing::Blake3Of(encoder.bytes()).ToHex();
}

}  // namespace lakegate
