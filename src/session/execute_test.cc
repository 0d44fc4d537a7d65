#include <gtest/gtest.h>

#include "session/test_session.h"

namespace lakegate::session {
namespace {

class Execute : public ::testing::Test {
 protected:
  Execute() : session_(OpenIn(folder_, {{"sql_policy", "write"}})) {
    WriteOptions options;
    options.destination.path = folder_.File("t");
    options.destination.format = DataFormat::kDelta;
    EXPECT_TRUE(session_->Write(
        "SELECT CAST(a AS INT) AS id, b AS name, c AS n FROM (VALUES (1, 'a', 10), (2, 'b', 20), "
        "(3, NULL, 30)) AS v(a, b, c)",
        options));
    EXPECT_TRUE(session_->Register(Dataset("t", folder_.File("t"))));
  }
  std::string Rows(const std::string& sql = "SELECT * FROM t ORDER BY id") {
    return RowsOf(session_->Sql(sql));
  }
  std::int64_t Version() { return session_->Delta(folder_.File("t"))->Inspect()->version; }

  TestFolder folder_;
  std::unique_ptr<Session> session_;
};

TEST_F(Execute, InsertsByPlaceAndByName) {
  const auto receipt = session_->Execute("INSERT INTO t VALUES (4, 'd', 40), (5, 'e', NULL)");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->version, 1);
  EXPECT_EQ(receipt->metrics.at("numOutputRows"), 2);
  ASSERT_OK(session_->Execute("INSERT INTO t (n, id) SELECT n + 1, id + 10 FROM t WHERE id = 1"));
  EXPECT_EQ(Rows(), "1|a|10\n2|b|20\n3||30\n4|d|40\n5|e|\n11||11\n");
  QueryOptions options;
  options.parameters["who"] = std::string("p");
  ASSERT_OK(session_->Execute("INSERT INTO t SELECT 6, $who, 60", options));
  EXPECT_EQ(Rows("SELECT name FROM t WHERE id = 6"), "p\n");
  const auto nothing = session_->Execute("INSERT INTO t SELECT * FROM t WHERE false");
  ASSERT_OK(nothing);
  EXPECT_EQ(nothing->reason, "no_rows");
  EXPECT_EQ(Version(), 3);
}

TEST_F(Execute, DeletesAndUpdates) {
  ASSERT_OK(session_->Execute("DELETE FROM t AS x WHERE x.id = 1 OR x.name IS NULL"));
  EXPECT_EQ(Rows(), "2|b|20\n");
  ASSERT_OK(session_->Execute("UPDATE t SET n = t.n * 2, name = concat(name, '!') WHERE t.id = 2"));
  EXPECT_EQ(Rows(), "2|b!|40\n");
  ASSERT_OK(session_->Execute("delete from T"));
  EXPECT_EQ(Rows(), "");
  EXPECT_EQ(Version(), 3);
}

TEST_F(Execute, Merges) {
  const auto receipt = session_->Execute(
      "MERGE INTO t AS a USING (SELECT 2 AS id, 'B' AS name, 21 AS n UNION ALL SELECT 9, 'i', 90) "
      "AS \"S\" ON a.id = \"S\".id "
      "WHEN MATCHED AND a.n > 100 THEN DELETE "
      "WHEN MATCHED THEN UPDATE SET name = \"S\".name "
      "WHEN NOT MATCHED THEN INSERT (id, n) VALUES (\"S\".id, \"S\".n) "
      "WHEN NOT MATCHED BY SOURCE AND a.id = 3 THEN DELETE");
  ASSERT_OK(receipt);
  EXPECT_EQ(receipt->operation, "MERGE");
  EXPECT_EQ(Rows(), "1|a|10\n2|B|20\n9||90\n");
  ASSERT_OK(
      session_->Execute("MERGE INTO t USING t AS s ON t.id = s.id - 1 WHEN MATCHED THEN DELETE"));
  EXPECT_EQ(Rows(), "2|B|20\n9||90\n");
}

TEST_F(Execute, RefusesWhatItWouldNotDo) {
  EXPECT_KIND(session_->Execute("SELECT 1"), kInvalidArgument);
  EXPECT_KIND(session_->Execute("EXPLAIN DELETE FROM t"), kInvalidArgument);
  EXPECT_KIND(session_->Execute("DELETE FROM nobody"), kNotFound);
  EXPECT_KIND(session_->Execute("DELETE FROM t WHERE id IN (SELECT 1)"), kInvalidArgument);
  EXPECT_KIND(session_->Execute("DELETE FROM t USING t AS s WHERE t.id = s.id"), kUnsupported);
  EXPECT_KIND(session_->Execute("DELETE FROM t WHERE id = 1 RETURNING id"), kUnsupported);
  EXPECT_KIND(session_->Execute("DELETE FROM t WHERE id = 1 LIMIT 1"), kUnsupported);
  EXPECT_KIND(session_->Execute("UPDATE t SET n = s.n FROM t AS s WHERE t.id = s.id"),
              kUnsupported);
  EXPECT_KIND(session_->Execute("UPDATE t SET (n, id) = (1, 2)"), kUnsupported);
  EXPECT_KIND(session_->Execute("UPDATE t SET nobody = 1"), kNotFound);
  EXPECT_KIND(session_->Execute("UPDATE t SET name = 1"), kSchemaMismatch);
  EXPECT_KIND(session_->Execute("INSERT INTO t VALUES (1)"), kSchemaMismatch);
  EXPECT_KIND(session_->Execute("INSERT INTO t (id, nobody) VALUES (1, 2)"), kNotFound);
  EXPECT_KIND(session_->Execute("INSERT INTO t (id, id) VALUES (1, 2)"), kInvalidArgument);
  EXPECT_KIND(session_->Execute("INSERT INTO t (id) VALUES ('x')"), kSchemaMismatch);
  EXPECT_FALSE(session_->Execute("INSERT INTO t (id) VALUES (3000000000)"));
  EXPECT_KIND(session_->Execute("INSERT INTO t SELECT * FROM nobody"), kNotFound);
  EXPECT_KIND(session_->Execute("INSERT INTO t VALUES (1, 'x', 1) ON CONFLICT DO NOTHING"),
              kUnsupported);
  EXPECT_KIND(session_->Execute("INSERT OVERWRITE t VALUES (1, 'x', 1)"), kUnsupported);
  EXPECT_KIND(session_->Execute("DELETE FROM t; DELETE FROM t"), kSqlPolicyViolation);
  EXPECT_KIND(session_->Execute("TRUNCATE TABLE t"), kUnsupported);
  EXPECT_KIND(session_->Execute(
                  "MERGE INTO t USING t AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) "
                  "VALUES (1, 2)"),
              kInvalidArgument);
  QueryOptions options;
  options.parameters["id"] = std::int64_t{1};
  EXPECT_KIND(session_->Execute("DELETE FROM t WHERE id = $id", options), kInvalidArgument);
  EXPECT_EQ(Rows(), "1|a|10\n2|b|20\n3||30\n");
  EXPECT_EQ(Version(), 0);
}

TEST_F(Execute, ChangesDeltaTablesAlone) {
  folder_.Write("f.csv", "id\n1\n");
  ASSERT_OK(session_->Register(Dataset("f", folder_.File("f.csv"))));
  EXPECT_KIND(session_->Execute("DELETE FROM f"), kUnsupported);
  ASSERT_OK(session_->RegisterView("w", "SELECT 1 AS id"));
  EXPECT_KIND(session_->Execute("DELETE FROM w"), kUnsupported);
  DatasetSpec pinned = Dataset("old", folder_.File("t"));
  pinned.location.version = 0;
  ASSERT_OK(session_->Register(pinned));
  EXPECT_KIND(session_->Execute("DELETE FROM old"), kInvalidArgument);
}

// What a policy file hides of a relation, a statement neither changes nor copies.
TEST_F(Execute, ChangesNothingThatItsPolicyShowsAPartOf) {
  ASSERT_OK(session_->Register(
      Dataset("secrets", folder_.Write("secrets.csv", "id,name,n\n1,hidden,7\n2,hidden,8\n"))));
  QueryOptions options;
  options.policy = SqlPolicy::FromToml(
                       "preset = 'write'\n"
                       "[protect.SECRETS]\nfilter = 'id = 1'\n"
                       "mask = { name = \"'masked'\" }\n"
                       "[protect.T]\nfilter = 'id > 1'\n",
                       "p.toml")
                       .value();
  EXPECT_KIND(session_->Execute("DELETE FROM t", options), kSqlPolicyViolation);
  EXPECT_KIND(session_->Execute("INSERT INTO t VALUES (9, 'x', 9)", options), kSqlPolicyViolation);
  options.policy->protect.erase("T");
  options.policy->protect.erase("t");
  ASSERT_OK(
      session_->Execute("MERGE INTO t USING secrets AS s ON t.id = s.id WHEN MATCHED THEN "
                        "UPDATE SET name = s.name, n = s.n",
                        options));
  EXPECT_EQ(Rows(), "1|masked|7\n2|b|20\n3||30\n");
  ASSERT_OK(
      session_->Execute("INSERT INTO t (id, name) SELECT id + 10, name FROM secrets", options));
  EXPECT_EQ(Rows("SELECT id, name FROM t WHERE id > 10"), "11|masked\n");
}

TEST_F(Execute, NeedsAPolicyThatAllowsIt) {
  auto reader = OpenIn(folder_);
  ASSERT_OK(reader->Register(Dataset("t", folder_.File("t"))));
  EXPECT_KIND(reader->Execute("DELETE FROM t"), kSqlPolicyViolation);
  EXPECT_KIND(reader->Execute("INSERT INTO t VALUES (1, 'x', 2)"), kSqlPolicyViolation);
  EXPECT_EQ(Version(), 0);
}

}  // namespace
}  // namespace lakegate::session
