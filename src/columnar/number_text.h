// Floats and decimals as text that reads back exactly. Pure functions; any thread.
#ifndef LAKEGATE_COLUMNAR_NUMBER_TEXT_H_
#define LAKEGATE_COLUMNAR_NUMBER_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace lakegate::columnar {

// The shortest text that reads back as the same value, with ".0" where it would look like an
// integer; "NaN", "inf", "-inf".
void AppendFloat32(float value, std::string* out);
void AppendFloat64(double value, std::string* out);

// A two's complement little-endian integer of 4, 8, 16 or 32 bytes, with its last `scale`
// digits after a point; a negative scale appends zeros.
void AppendDecimal(std::string_view little_endian, std::int32_t scale, std::string* out);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_NUMBER_TEXT_H_
