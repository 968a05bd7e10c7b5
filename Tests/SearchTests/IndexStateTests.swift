import Domain
import Messaging
import Projection
import Search
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

    @Test("What a check mends is newer than what was there and older than what the next event brings")
    func versions() {
        #expect(WriteDocuments.version(at: 5) < WriteDocuments.version(at: 5, mending: true))
        #expect(WriteDocuments.version(at: 5, mending: true) < WriteDocuments.version(at: 6))
    }
}
