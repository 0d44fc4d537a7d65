// Statement text that may be kept: what it does, without the values in it.
#ifndef LAKEGATE_OBSERVE_SANITISE_STATEMENT_H_
#define LAKEGATE_OBSERVE_SANITISE_STATEMENT_H_

#include <string>
#include <string_view>

namespace lakegate::observe {

// Every string, number and dollar-quoted literal replaced by ?, comments removed, white space
// folded; quoted identifiers and placeholders stay. Works on any text, SQL or not: what looks
// like the start of a literal and never ends is replaced to the end.
std::string SanitiseStatement(std::string_view sql);

}  // namespace lakegate::observe

#endif  // LAKEGATE_OBSERVE_SANITISE_STATEMENT_H_
