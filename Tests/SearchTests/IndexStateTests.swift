import Domain
import Messaging
import Projection
import Search
import SearchIndex
import Testing

@Suite("Search service: its control document")
struct IndexStateTests {
    @Test("What is written is read back")
    func roundTrip() {
        var serving = IndexProgress(index: "millrace-demo-1", position: 17, format: 1)
        serving.advance(
            to: ProjectionProgress(
                position: 21, eventId: "ab-3",
                offsets: [TopicPartition(topic: "t", partition: 2): 7, TopicPartition(topic: "t", partition: 1): 9]))
        serving.walked = nil
        var state = IndexState(term: 3, holder: "search-1", serving: serving, rebuilt: 2)
        #expect(IndexState(state.document) == state)
        state.owner = "acme@17"
        #expect(IndexState(state.document) == state)
        state.next = IndexProgress(index: "millrace-demo-2", position: 20, format: 2)
        #expect(state.next?.walked == "")
        #expect(IndexState(state.document) == state)
        #expect(state.serving.projection.position == 21)
    }

    @Test("A document that is none is none")
    func others() {
        for document in [[:], ["term": 1], ["term": 1, "holder": "x", "serving": ["index": "a"]], "x"] as [JSONValue] {
            #expect(IndexState(document) == nil)
        }
    }

    @Test("An index that nobody may write to is no document's fault")
    func outcomes() throws {
        var outcome = WriteDocuments.Outcome()
        func answer(_ status: Int64, _ kind: String? = nil) -> JSONValue {
            var answer: JSONObject = ["_id": .string("\(status)"), "status": .integer(status)]
            answer["error"] = kind.map { ["type": .string($0)] }
            return .object(answer)
        }
        for status: Int64 in [200, 201, 404, 409] { #expect(try outcome.note(answer(status), alias: "a") == nil) }
        #expect(try outcome.note(answer(400, "mapper_parsing_exception"), alias: "a") == "mapper_parsing_exception")
        #expect(outcome.written == ["200", "201", "404"] && outcome.superseded == 1 && outcome.refused == 1)
        for (status, code) in [(403, .refused), (401, .refused), (404, .notFound), (429, .busy), (503, .busy)]
            as [(Int64, SearchIndexError.Code)]
        {
            let before = outcome
            #expect {
                _ = try outcome.note(answer(status, "cluster_block_exception"), alias: "a")
            } throws: { ($0 as? SearchIndexError)?.code == code }
            #expect(outcome == before)
        }
    }

    @Test("An index that a server made under the name for writing is none of ours")
    func madeIndex() {
        var outcome = WriteDocuments.Outcome()
        let answer: JSONValue = ["_id": "b", "_index": "a", "status": 404]
        #expect {
            _ = try outcome.note(answer, alias: "a")
        } throws: { ($0 as? SearchIndexError)?.code == .notFound }
        #expect(outcome == WriteDocuments.Outcome())
    }

    @Test("What a check mends is newer than what was there and older than what the next event brings")
    func versions() {
        #expect(WriteDocuments.version(at: 5) < WriteDocuments.version(at: 5, mending: true))
        #expect(WriteDocuments.version(at: 5, mending: true) < WriteDocuments.version(at: 6))
    }
}
