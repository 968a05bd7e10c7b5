import Foundation
import Storage
import Testing

@Suite(.enabled(if: TestDatabase.isPresent))
struct ValuesTests {
    @Test func everyScalarComesBack() async throws {
        try await TestDatabase.withPool { pool in
            let id = UUID()
            let row = try await pool.query(
                """
                SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, NULL::int8, 7::int2, 1.5::float4,
                    '2000-01-01T00:00:00.0015Z'::timestamptz - interval '1 hour'
                """,
                [
                    true, .int4(-5), .int8(.min), 2.5, "tåg 🚂", .uuid(id), .bytes([0, 255]),
                    .jsonb(Array("{\"a\": 1}".utf8)),
                    .timestamp(milliseconds: -1),
                ])[0]
            #expect(try row[0].bool)
            #expect(try row[1].int == -5)
            #expect(try row[2].int64 == .min)
            #expect(try row[3].double == 2.5)
            #expect(try row[4].text == "tåg 🚂")
            #expect(try row[5].uuid == id)
            #expect(try row[6].bytes == [0, 255])
            #expect(try row[7].text == "{\"a\": 1}")
            #expect(try row[8].milliseconds == -1)
            #expect(row[9].isNull)
            #expect(try row[9].nullable?.int64 == nil)
            #expect(try row[10].int32 == 7)
            #expect(try row[11].double == 1.5)
            #expect(try row[12].milliseconds == 946_684_800_001 - 3_600_000)
        }
    }

    @Test func everyArrayComesBackWithItsNulls() async throws {
        try await TestDatabase.withPool { pool in
            let id = UUID()
            let row = try await pool.query(
                "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::timestamptz[] = $11::timestamptz[]",
                [
                    .int4sOptional([1, nil, -3]), .int8s([1, .max]), .float8sOptional([nil, 0.5]),
                    .boolsOptional([true, nil]),
                    .textsOptional(["", nil, "x\"y"]), .uuidsOptional([id, nil]), .bytesArrayOptional([[], nil, [1]]),
                    .texts([]), .jsonbsOptional([Array("[1]".utf8), nil]), .timestamps(milliseconds: [5]),
                    .timestampsOptional(milliseconds: [5]),
                ])[0]
            #expect(try row[0].int32ArrayOptional == [1, nil, -3])
            #expect(try row[1].int64Array == [1, .max])
            #expect(try row[2].doubleArrayOptional == [nil, 0.5])
            #expect(try row[3].boolArrayOptional == [true, nil])
            #expect(try row[4].textArrayOptional == ["", nil, "x\"y"])
            #expect(try row[5].uuidArrayOptional == [id, nil])
            #expect(try row[6].bytesArrayOptional == [[], nil, [1]])
            #expect(try row[7].textArray == [])
            #expect(try row[8].textArrayOptional == ["[1]", nil])
            #expect(try row[9].bool)
            #expect(throws: StorageError.self) { try row[0].int32Array }
        }
    }

    @Test func aWrongTypeOrNullIsAnErrorAndNotACrash() async throws {
        try await TestDatabase.withPool { pool in
            let row = try await pool.query("SELECT 1::int8, NULL::text, 'x'::text, 1.5::numeric, ARRAY[ARRAY[1,2]]")[0]
            #expect(throws: StorageError.self) { try row[0].text }
            #expect(throws: StorageError.self) { try row[1].text }
            #expect(throws: StorageError.self) { try row[2].int64 }
            #expect(throws: StorageError.self) { try row[3].double }
            #expect(throws: StorageError.self) { try row[4].int32Array }
        }
    }

    @Test func nullFitsAnyTypeOfTheSameStatement() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (n int PRIMARY KEY, a int8, b text, c uuid)")
            let rows: [[SQLValue]] = [[1, nil, nil, nil], [2, 4, "b", .uuid(UUID())], [3, nil, "b", nil]]
            for row in rows {
                _ = try await pool.query("INSERT INTO t VALUES ($1, $2, $3, $4)", row)
            }
            let found = try await pool.query("SELECT a, b, c IS NULL FROM t ORDER BY n")
            #expect(try found.map { try $0[0].nullable?.int64 } == [nil, 4, nil])
            #expect(try found.map { try $0[1].nullable?.text } == [nil, "b", "b"])
            #expect(try found.map { try $0[2].bool } == [true, false, true])
        }
    }

    @Test func copyTakesBinaryRows() async throws {
        try await TestDatabase.withPool { pool in
            _ = try await pool.query("CREATE TABLE t (a int8 PRIMARY KEY, b text, c int4[], d uuid)")
            var rows = BinaryRows()
            let id = UUID()
            for number in 0..<20_000 {
                rows.append([.int8(Int64(number)), number % 2 == 0 ? nil : "row", .int4s([1, 2]), .uuid(id)])
            }
            let copied = rows
            let count = try await pool.transaction { try await $0.copy(into: "t (a, b, c, d)", copied) }
            #expect(count == 20_000)
            let sums = try await pool.query("SELECT count(b), sum(a)::int8, sum(c[2]), count(DISTINCT d) FROM t")[0]
            #expect(try sums[0].int == 10_000)
            #expect(try sums[1].int == 199_990_000)
            #expect(try sums[2].int == 40_000)
            #expect(try sums[3].int == 1)
            let failure = try await storageError {
                _ = try await pool.transaction { try await $0.copy(into: "t (a, b, c, d)", copied) }
            }
            #expect(failure.code == .uniqueViolation(constraint: "t_pkey"))
            let missing = try await storageError {
                _ = try await pool.transaction { try await $0.copy(into: "absent (a)", copied) }
            }
            #expect(missing.sqlState == "42P01")
            #expect(try await pool.query("SELECT 1::int8")[0][0].int == 1)
        }
    }
}
