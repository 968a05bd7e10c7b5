import Domain
import SearchIndex
import Testing

@Suite("Search server: what is asked")
struct SearchRequestTests {
    private func request(_ query: String, zones: Set<SearchZone> = [.attributes]) throws -> SearchRequest {
        SearchRequest(try SearchQuery(query), zones: zones)
    }

    private func must(_ request: SearchRequest) -> JSONValue? { request.body["query"]?["bool"]?["must"] }

    @Test("A term counts each zone's weight, whatever its frequency")
    func weights() throws {
        let clauses = try must(request("router", zones: [.captureId, .messages]))?.arrayValue?.first
        #expect(
            clauses == [
                "bool": [
                    "should": [
                        ["constant_score": ["filter": ["term": ["captureId": "router"]], "boost": 8]],
                        ["constant_score": ["filter": ["term": ["messages": "router"]], "boost": 1]],
                    ], "minimum_should_match": 1,
                ]
            ])
    }

    @Test(
        "Words, phrases, beginnings and fields",
        arguments: [
            ("router", ["term": ["attributes": "router"]]), ("rout*", ["prefix": ["attributes": "rout"]]),
            ("\"big Router\"", ["match_phrase": ["attributes": "big router"]]),
            ("product:router", ["term": ["attributesNamed": "product:router"]]),
            ("product:\"big router\"", ["match_phrase": ["attributesNamed": "product:big product:router"]]),
        ] as [(String, JSONValue)])
    func clauses(_ query: String, _ filter: JSONValue) throws {
        let should = try must(request(query))?.arrayValue?.first?["bool"]?["should"]?.arrayValue?.first
        #expect(should == ["constant_score": ["filter": filter, "boost": 2]])
    }

    @Test("A phrase with an open end is looked for more widely than it counts")
    func openPhrase() throws {
        let clause = try must(request("\"big rou\"*"))?.arrayValue?.first?["bool"]
        let wide: JSONValue = [
            "bool": ["filter": [["term": ["attributes": "big"]], ["prefix": ["attributes": "rou"]]]]
        ]
        #expect(clause?["filter"] == [["bool": ["should": [wide], "minimum_should_match": 1]]])
        let exact: JSONValue = ["match_phrase_prefix": ["attributes": ["query": "big rou", "max_expansions": 1000]]]
        #expect(clause?["should"] == [["constant_score": ["filter": exact, "boost": 2]]])
        #expect(clause?["minimum_should_match"] == nil)
    }

    @Test("What must not be, filters, order and place")
    func rest() throws {
        var request = try request("-spam")
        request.filters = [("status", ["queued", "held"])]
        request.order = .due
        request.after = SearchRequest.Position(value: 5, id: "x")
        let bool = request.body["query"]?["bool"]
        #expect(bool?["must"] == [])
        #expect(
            bool?["must_not"] == [["bool": ["should": [["term": ["attributes": "spam"]]], "minimum_should_match": 1]]])
        #expect(bool?["filter"] == [["terms": ["status": ["queued", "held"]]]])
        #expect(request.body["sort"] == [["due": "asc"], ["id": "asc"]])
        #expect(request.body["search_after"] == [5, "x"])
        request.order = .newest
        #expect(request.body["search_after"] == ["x"])
    }

    @Test("An answer in part is none")
    func partial() throws {
        let request = try request("router")
        let hit: JSONValue = ["_id": "a", "sort": [4.0, "a"]]
        func answer(_ rest: JSONObject) -> JSONValue {
            .object(JSONObject(rest.members.map { ($0.key, $0.value) } + [("hits", ["hits": [hit]])]))
        }
        #expect(request.hits(in: answer([:])) == [SearchRequest.Position(value: 4, id: "a")])
        #expect(request.hits(in: answer(["timed_out": true])) == nil)
        #expect(request.hits(in: answer(["_shards": ["failed": 1]])) == nil)
        #expect(request.hits(in: ["error": "x"]) == nil)
        let odd: JSONValue = ["_id": "b", "sort": [1e300, "b"]]
        #expect(request.hits(in: ["hits": ["hits": [odd]]]) == [])
    }
}

@Suite("Search server: what is written")
struct SearchRecordTests {
    private func record(_ attributes: JSONObject) -> SearchRecord {
        let document = SearchDocument(captureId: "INC-1", attributes: attributes, messages: [])
        let standing = SearchRecord.Standing(
            captureId: "INC-1", status: "queued", categories: ["A", "A/B"], source: "vinst", assignee: nil, due: nil,
            updatedAt: Instant(milliseconds: 7))
        return SearchRecord(id: "id-1", terms: SearchTerms(document), standing: standing) { "\($0.count)" }
    }

    @Test("However many attributes there are, the fields are the same few")
    func fields() {
        let few = Set(record(["a": "x"]).fields.keys)
        let many = record(JSONObject((0..<200).map { ("name \($0)", .string("value \($0)")) }))
        #expect(Set(many.fields.keys) == few)
        let mapped = SearchMapping.index(replicas: nil)["mappings"]?["properties"]?.objectValue?.keys ?? []
        #expect(few.isSubset(of: mapped))
    }

    @Test("Each part of an item is an element of its own, and its words are named beside it")
    func parts() {
        let fields = record(["product": ["Big Router", "Modem"]]).fields
        #expect(fields["attributes"] == ["big router", "modem"])
        #expect(fields["attributesNamed"] == ["product:big product:router", "product:modem"])
        #expect(fields["captureId"] == ["inc 1"])
        #expect(fields["category"] == ["A", "A/B"])
    }

    @Test("The lines of a bulk request carry an external version")
    func lines() throws {
        var bytes: [UInt8] = []
        record(["a": "x"]).write(into: &bytes, alias: "w", version: 33)
        SearchRecord.writeDeletion(of: "id-2", into: &bytes, alias: "w", version: 34)
        let lines = try bytes.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
        #expect(
            lines.first == ["index": ["_index": "w", "_id": "id-1", "version": 33, "version_type": "external"]])
        #expect(lines.count == 3 && lines[1]["id"] == "id-1")
        #expect(lines[2] == ["delete": ["_index": "w", "_id": "id-2", "version": 34, "version_type": "external"]])
    }
}
