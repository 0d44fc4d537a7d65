// Ids of whole rows: XXH3-128 or BLAKE3-256 over the canonical encoding of chosen columns.
//
// Short rows are what tables are made of, so BLAKE3 hashes as many rows side by side as the
// processor has lanes (blake3_lanes.h); rows longer than a chunk take the ordinary way. The
// result is that of hashing each encoding alone.
//
// Threads: ranges of one batch may be hashed in parallel. Errors: kUnsupported for unions.
#ifndef LAKEGATE_HASHING_ROW_IDS_H_
#define LAKEGATE_HASHING_ROW_IDS_H_

#include <cstddef>
#include <cstdint>

#include "hashing/row_encoder.h"

namespace lakegate::hashing {

// Bytes of an id.
inline constexpr std::size_t kRowId128Bytes = 16;
inline constexpr std::size_t kRowDigestBytes = 32;

// Ids of rows [first, first + count), one behind the other at `out`. The 16 bytes are the high
// half, then the low half, most significant byte first: their hex is Id128::ToHex().
void RowIds128(const RowEncoder& rows, std::int64_t first, std::int64_t count, std::uint8_t* out);
// The 32 bytes are the digest's.
void RowDigests(const RowEncoder& rows, std::int64_t first, std::int64_t count, std::uint8_t* out);

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_ROW_IDS_H_
