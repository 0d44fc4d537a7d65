// Receipts in one line for people.
#ifndef LAKEGATE_CLI_RECEIPT_SUMMARY_H_
#define LAKEGATE_CLI_RECEIPT_SUMMARY_H_

#include <string>

#include "lakegate/delta_table.h"
#include "lakegate/write.h"

namespace lakegate::cli {

// "out/t: committed version 3, 1200 rows, 4 files, 81920 bytes".
std::string SummaryOf(const WriteReceipt& receipt);
// "out/t: DELETE as version 4, numDeletedRows 2".
std::string SummaryOf(const ChangeReceipt& receipt);

}  // namespace lakegate::cli

#endif  // LAKEGATE_CLI_RECEIPT_SUMMARY_H_
