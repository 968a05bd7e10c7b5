import Core
import Domain
import Testing

@Suite("Agents who wait for offers")
struct WaitingAgentsTests {
    private let waiting = WaitingAgents()

    private func offer() throws -> (agent: Int32, item: WorkItem, id: OfferId) {
        let item = try DeskScene().item(.offered)
        return (try #require(item.assignee), item, try #require(item.offerId))
    }

    @Test("An offer that came while nobody waited is told to who began to look before")
    func between() async throws {
        let (agent, item, _) = try offer()
        let since = ContinuousClock.now
        waiting.offered([item])
        let told = await waiting.wait(for: agent, knowing: [], since: since, atMost: .seconds(60))
        #expect(told == [item])
    }

    @Test("What is known, has ended or was made before the look began is not told again")
    func notAgain() async throws {
        let (agent, item, id) = try offer()
        let since = ContinuousClock.now
        waiting.offered([item])
        let later = ContinuousClock.now
        #expect(await waiting.wait(for: agent, knowing: [], since: later, atMost: .zero) == nil)
        #expect(await waiting.wait(for: agent, knowing: [id], since: since, atMost: .zero) == nil)
        waiting.gone([(agent, id)])
        #expect(await waiting.wait(for: agent, knowing: [], since: since, atMost: .zero) == nil)
    }

    @Test("What another instance told of while nobody waited is looked for")
    func elsewhere() async throws {
        let (agent, _, _) = try offer()
        let since = ContinuousClock.now
        #expect(waiting.announced([agent]).isEmpty)
        #expect(await waiting.wait(for: agent, knowing: [], since: since, atMost: .seconds(60)) == [])
    }
}
