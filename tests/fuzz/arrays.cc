// Arrow arrays from outside: an IPC stream of any bytes, and C arrays whose offsets, indices, type
// ids, views and run ends are any bytes. What passes the check can be counted and copied.
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "columnar/collected.h"
#include "columnar/gather.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "engine/row_pipe.h"
#include "fuzz/fuzz.h"

namespace {

using lakegate::OwnedArray;
using lakegate::OwnedSchema;
using lakegate::columnar::ArrayParts;
using lakegate::columnar::FieldSpec;
using lakegate::columnar::SharedBuffer;
using lakegate::fuzz::Input;
using lakegate::fuzz::Require;
namespace columnar = lakegate::columnar;

// Copies rows of a checked batch, some twice and some null.
void CopyRows(const ArrowSchema& schema, OwnedArray batch) {
  auto collector = columnar::Collector::Make(schema, "fuzz");
  if (!collector) return;
  const std::int64_t length = batch->length;
  if (!collector->Add(std::move(batch)) || length == 0) return;
  const columnar::Collected rows = collector->Take();
  const auto pool = columnar::BufferPool::Process();
  const auto gatherer = columnar::Gatherer::Make(schema, rows.batches, pool);
  if (!gatherer) return;
  std::vector<std::int64_t> wanted;
  for (std::int64_t row = length; row-- > 0;) wanted.insert(wanted.end(), {row, row});
  wanted.push_back(columnar::kNullRow);
  const auto copied = gatherer->Rows(wanted);
  if (copied) Require(bool(columnar::CheckArray(schema, **copied)), "a copy passes the check");
}

void Stream(std::string_view bytes) {
  const int file = ::memfd_create("rows", MFD_CLOEXEC);
  if (file < 0) return;
  const bool written = ::write(file, bytes.data(), bytes.size()) == ssize_t(bytes.size());
  ::lseek(file, 0, SEEK_SET);
  auto rows = lakegate::engine::ReadRowPipe(file, std::int64_t{1} << 20);
  if (!written || !rows) return;
  for (int i = 0; i < 100; ++i) {
    auto batch = (*rows)->Next();
    if (!batch || !*batch) return;
    CopyRows((*rows)->schema(), **std::move(batch));
  }
}

SharedBuffer Bytes(Input& input, std::size_t size) {
  auto bytes = std::make_shared<std::vector<std::uint64_t>>(size / 8 + 1);
  input.Fill(bytes->data(), size);
  return {bytes->data(), bytes};
}

OwnedArray Column(std::int64_t length, std::vector<SharedBuffer> buffers,
                  std::vector<OwnedArray> children = {}, OwnedArray dictionary = {}) {
  ArrayParts parts;
  parts.length = length;
  parts.null_count = -1;
  parts.buffers = std::move(buffers);
  parts.children = std::move(children);
  parts.dictionary = std::move(dictionary);
  return columnar::MakeArray(std::move(parts));
}

OwnedArray Integers(Input& input, std::int64_t length) {
  return Column(length, {Bytes(input, 1), Bytes(input, static_cast<std::size_t>(length) * 4)});
}

FieldSpec IntegerField(std::string name) { return {.name = std::move(name), .format = "i"}; }

void Arrays(Input& input) {
  const std::int64_t length = std::int64_t(input.Below(8));
  const std::int64_t inner = std::int64_t(input.Below(8));
  const auto rows = static_cast<std::size_t>(length);
  FieldSpec field = {.name = "c", .format = "i"};
  OwnedArray column;
  switch (input.Below(9)) {
    case 0:
      field.format = "+l";
      field.children = {IntegerField("item")};
      column = [&] {
        auto offsets = Bytes(input, (rows + 1) * 4);
        std::vector<OwnedArray> items;
        items.push_back(Integers(input, inner));
        return Column(length, {Bytes(input, 1), offsets}, std::move(items));
      }();
      break;
    case 1:
      field.format = "+vL";
      field.children = {IntegerField("item")};
      column = [&] {
        auto offsets = Bytes(input, rows * 8);
        auto sizes = Bytes(input, rows * 8);
        std::vector<OwnedArray> items;
        items.push_back(Integers(input, inner));
        return Column(length, {Bytes(input, 1), offsets, sizes}, std::move(items));
      }();
      break;
    case 2:
      field.format = "c";
      field.dictionary = {IntegerField("")};
      column = Column(length, {Bytes(input, 1), Bytes(input, rows)}, {}, Integers(input, inner));
      break;
    case 3: {
      field.format = "vu";
      const auto variadic = static_cast<std::size_t>(inner) * 4;
      auto sizes = std::make_shared<std::int64_t>(std::int64_t(variadic));
      column = Column(length, {Bytes(input, 1), Bytes(input, rows * 16), Bytes(input, variadic),
                               SharedBuffer{sizes.get(), sizes}});
      break;
    }
    case 4:
    case 5: {
      const bool dense = input.Below(2) == 0;
      field.format = dense ? "+ud:0,5" : "+us:0,5";
      field.children = {IntegerField("a"), IntegerField("b")};
      std::vector<SharedBuffer> buffers = {Bytes(input, rows)};
      if (dense) buffers.push_back(Bytes(input, rows * 4));
      std::vector<OwnedArray> children;
      for (int i = 0; i < 2; ++i) children.push_back(Integers(input, dense ? inner : length));
      column = Column(length, std::move(buffers), std::move(children));
      break;
    }
    case 6: {
      field.format = "+r";
      field.children = {{.name = "run_ends", .format = "i", .nullable = false},
                        IntegerField("values")};
      std::vector<OwnedArray> children;
      children.push_back(Column(inner, {{}, Bytes(input, static_cast<std::size_t>(inner) * 4)}));
      children.push_back(Integers(input, inner));
      column = Column(length, {}, std::move(children));
      break;
    }
    case 7: {
      field.format = "+w:2";
      field.children = {IntegerField("item")};
      std::vector<OwnedArray> items;
      items.push_back(Integers(input, inner));
      column = Column(length, {Bytes(input, 1)}, std::move(items));
      break;
    }
    default: {
      field.format = "u";
      auto offsets = Bytes(input, (rows + 1) * 4);
      // How long the text is, nobody says but the last offset: it has to be true.
      const auto last = static_cast<const std::int32_t*>(offsets.data)[rows];
      if (last < 0 || last > 4096) return;
      column = Column(length, {Bytes(input, 1), offsets, Bytes(input, std::size_t(last))});
    }
  }
  const OwnedSchema schema = columnar::MakeSchema({field});
  std::vector<OwnedArray> columns;
  columns.push_back(std::move(column));
  CopyRows(*schema, columnar::BatchOf(std::move(columns), length));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  if (input.Below(4) == 0) {
    Stream(input.Rest());
  } else {
    Arrays(input);
  }
  return 0;
}
