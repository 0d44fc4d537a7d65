#include "hashing/schema_identity.h"

#include <gtest/gtest.h>

#include "columnar/schema.h"

namespace lakegate::hashing {
namespace {

using columnar::FieldSpec;
using columnar::MakeSchema;
using Fields = std::vector<FieldSpec>;

Digest Exact(const Fields& fields, const columnar::Metadata& metadata = {}) {
  return SchemaIdentity(*MakeSchema(fields, metadata)).value();
}
Digest Logical(const Fields& fields, const columnar::Metadata& metadata = {}) {
  return LogicalIdentity(*MakeSchema(fields, metadata)).value();
}

FieldSpec List(const std::string& format, const std::string& item_name, const std::string& item) {
  return {.name = "l", .format = format, .children = {{.name = item_name, .format = item}}};
}

TEST(SchemaIdentity, SeesNamesTypesOrderNullabilityAndNesting) {
  const Digest base = Exact({{.name = "a", .format = "l"}, {.name = "b", .format = "u"}});
  EXPECT_EQ(base, Exact({{.name = "a", .format = "l"}, {.name = "b", .format = "u"}}));
  EXPECT_NE(base, Exact({{.name = "b", .format = "u"}, {.name = "a", .format = "l"}}));
  EXPECT_NE(base, Exact({{.name = "a", .format = "i"}, {.name = "b", .format = "u"}}));
  EXPECT_NE(base, Exact({{.name = "a", .format = "l"}, {.name = "c", .format = "u"}}));
  EXPECT_NE(base,
            Exact({{.name = "a", .format = "l", .nullable = false}, {.name = "b", .format = "u"}}));
  EXPECT_NE(base, Exact({{.name = "a", .format = "l"}}));
  EXPECT_NE(Exact({List("+l", "item", "l")}), Exact({List("+l", "item", "i")}));
  EXPECT_NE(Exact({List("+l", "item", "l")}), Exact({List("+l", "element", "l")}));
  EXPECT_NE(Exact({{.name = "t", .format = "tsu:UTC"}}), Exact({{.name = "t", .format = "tsu:"}}));
}

TEST(SchemaIdentity, SortsMetadata) {
  const Fields fields = {{.name = "a", .format = "l"}};
  const Digest base = Exact(fields, {{"k", "1"}, {"m", "2"}});
  EXPECT_EQ(base, Exact(fields, {{"m", "2"}, {"k", "1"}}));
  EXPECT_NE(base, Exact(fields, {{"m", "1"}, {"k", "2"}}));
  EXPECT_NE(base, Exact(fields));
  EXPECT_NE(Exact(fields), Exact({{.name = "a", .format = "l", .metadata = {{"k", "1"}}}}));
}

TEST(LogicalIdentity, OverlooksRepresentation) {
  const Digest text = Logical({{.name = "s", .format = "u"}});
  EXPECT_EQ(text, Logical({{.name = "s", .format = "U"}}));
  EXPECT_EQ(text, Logical({{.name = "s", .format = "vu"}}));
  EXPECT_EQ(text, Logical({{.name = "s", .format = "u", .nullable = false}}));
  EXPECT_EQ(text, Logical({{.name = "s", .format = "u"}}, {{"k", "v"}}));
  EXPECT_EQ(text,
            Logical({{.name = "s", .format = "i", .dictionary = {{.name = "", .format = "u"}}}}));
  EXPECT_EQ(Logical({List("+l", "item", "l")}), Logical({List("+L", "element", "l")}));
  EXPECT_EQ(Logical({{.name = "d", .format = "d:9,2"}}),
            Logical({{.name = "d", .format = "d:9,2,64"}}));
}

TEST(LogicalIdentity, StillTellsTypesApart) {
  const Digest text = Logical({{.name = "s", .format = "u"}});
  EXPECT_NE(text, Logical({{.name = "s", .format = "z"}}));
  EXPECT_NE(text, Logical({{.name = "t", .format = "u"}}));
  EXPECT_NE(Logical({{.name = "n", .format = "l"}}), Logical({{.name = "n", .format = "i"}}));
  EXPECT_NE(Logical({{.name = "d", .format = "d:9,2"}}),
            Logical({{.name = "d", .format = "d:9,3"}}));
  EXPECT_NE(Logical({{.name = "t", .format = "tsu:UTC"}}),
            Logical({{.name = "t", .format = "tsu:"}}));
  EXPECT_NE(Logical({{.name = "t", .format = "tsu:"}}), Logical({{.name = "t", .format = "tsm:"}}));
  EXPECT_NE(Logical({{.name = "w", .format = "w:3"}}), Logical({{.name = "w", .format = "w:4"}}));
  EXPECT_NE(Logical({List("+l", "item", "l")}), Logical({List("+w:2", "item", "l")}));
}

TEST(SchemaIdentity, RefusesWhatIsNoStructOrUnknown) {
  const OwnedSchema field = columnar::MakeField({.name = "a", .format = "l"});
  EXPECT_EQ(SchemaIdentity(*field).error().kind(), ErrorKind::kCorruptData);
  EXPECT_EQ(LogicalIdentity(*field).error().kind(), ErrorKind::kCorruptData);
  const OwnedSchema unknown = MakeSchema({{.name = "a", .format = "?"}});
  EXPECT_EQ(SchemaIdentity(*unknown).error().kind(), ErrorKind::kUnsupported);
  EXPECT_EQ(LogicalIdentity(*unknown).error().kind(), ErrorKind::kUnsupported);
  const OwnedSchema childless = MakeSchema({{.name = "a", .format = "+l"}});
  EXPECT_EQ(SchemaIdentity(*childless).error().kind(), ErrorKind::kCorruptData);
}

}  // namespace
}  // namespace lakegate::hashing
