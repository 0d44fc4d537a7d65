// Opens a session, runs SQL, gives each call its innermost function, writes a Delta table.
#include <lakegate/lakegate.h>

#include <cstdio>

namespace {

lakegate::Result<lakegate::WriteReceipt> Run(const char* destination) {
  auto session = lakegate::Session::Open();
  if (!session) return session.error();
  lakegate::Session& lake = **session;
  auto calls = lake.RegisterView("calls",
                                 "SELECT * FROM (VALUES ('a.py', 12, 15), ('a.py', 60, 63)) "
                                 "AS t(path, bstart, bend)");
  if (!calls) return calls.error();
  auto functions =
      lake.RegisterView("functions",
                        "SELECT * FROM (VALUES ('a.py', 0, 90, 'outer'), "
                        "('a.py', 10, 20, 'inner')) AS t(path, bstart, bend, qualname)");
  if (!functions) return functions.error();

  lakegate::IntervalAlignOptions innermost;
  innermost.left_on = {"path"};
  innermost.left_span = innermost.right_span = {.start = "bstart", .end = "bend"};
  auto owned = lake.Apply(innermost, {"calls", "functions"});
  if (!owned) return owned.error();

  lakegate::WriteOptions table;
  table.destination.path = destination;
  table.destination.format = lakegate::DataFormat::kDelta;
  table.mode = lakegate::WriteMode::kOverwrite;
  return lake.WriteStream(*std::move(owned), table);
}

}  // namespace

int main(int count, char** arguments) {
  const auto receipt = Run(count > 1 ? arguments[1] : "call_owner");
  if (!receipt) return std::fprintf(stderr, "%s\n", receipt.error().ToString().c_str()), 1;
  return std::printf("%s\n", lakegate::ReceiptToJson(*receipt).c_str()) < 0;
}
