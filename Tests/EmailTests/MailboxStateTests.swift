import Domain
import Email
import Logging
import Synchronization
import Testing

@Suite struct MailboxStateTests {
    /// Core as the states see it: takes reports when it is let, one for each permission.
    private final class SlowCore: Sendable {
        private struct State {
            var begun = 0
            var inHand = 0
            var most = 0
            var permissions = 0
            var last: JSONObject = [:]
        }

        private let state = Mutex(State())

        func take(_ report: JSONObject) async throws {
            state.withLock { state in
                state.begun += 1
                state.inHand += 1
                state.most = max(state.most, state.inHand)
            }
            while !mayEnd(report) { await Task.yield() }
        }

        private func mayEnd(_ report: JSONObject) -> Bool {
            state.withLock { state in
                guard state.permissions > 0 else { return false }
                state.permissions -= 1
                state.inHand -= 1
                state.last = report
                return true
            }
        }

        func letThrough(_ count: Int) { state.withLock { $0.permissions += count } }
        func untilOneBegins() async { while state.withLock({ $0.begun == 0 }) { await Task.yield() } }

        var most: Int { state.withLock { $0.most } }
        var last: JSONObject { state.withLock { $0.last } }
    }

    @Test(.timeLimit(.minutes(1))) func aLaterReportIsNotOvertakenByAnEarlierOne() async {
        let core = SlowCore()
        let states = MailboxStates(labels: [], logger: Logger(label: "test")) { try await core.take($0) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await states.note(.inbound, .connecting) }
            await core.untilOneBegins()
            // The first one is still on its way.
            group.addTask { await states.note(.outbound, .connecting) }
            group.addTask { await states.note(.inbound, .connected) }
            for _ in 0..<100 { await Task.yield() }
            core.letThrough(9)
        }
        await states.tell()
        #expect(core.most == 1, "one report at a time")
        #expect(core.last["inbound"]?["state"]?.stringValue == "connected")
        #expect(core.last["outbound"]?["state"]?.stringValue == "connecting")
    }

    @Test func aDifferenceThatStaysOverTwoLooksIsForAPerson() async {
        let last = Mutex<JSONObject>([:])
        let states = MailboxStates(labels: [], logger: Logger(label: "test")) { report in last.withLock { $0 = report }
        }
        func error() -> String? { last.withLock { $0["inbound"]?["error"]?.stringValue } }
        await states.note(.inbound, .connected)
        await states.compared(folder: 5, taken: 3)
        #expect(last.withLock { $0["folderCount"]?.integerValue } == 5)
        #expect(last.withLock { $0["takenCount"]?.integerValue } == 3)
        #expect(error() == nil)
        await states.compared(folder: 5, taken: 4)
        #expect(error() == "1 of the folder's 5 messages could not be taken.")
        await states.remark(.inbound, "No marks.")
        #expect(error() == "No marks. 1 of the folder's 5 messages could not be taken.")
        await states.compared(folder: 5, taken: 5)
        #expect(error() == "No marks.")
        await states.compared(folder: 6, taken: 5)
        #expect(error() == "No marks.", "it is a new one")
    }

    @Test func whatCouldNotBeToldIsToldLater() async {
        struct Away: Error {}
        let told = Mutex<[JSONObject]>([])
        let isAway = Mutex(true)
        let states = MailboxStates(labels: [], logger: Logger(label: "test")) { report in
            if isAway.withLock({ $0 }) { throw Away() }
            told.withLock { $0.append(report) }
        }
        #expect(await states.note(.inbound, .connected))
        #expect(await !states.note(.inbound, .connected), "the same is no news")
        isAway.withLock { $0 = false }
        await states.tell()
        await states.tell()
        #expect(told.withLock { $0.count } == 1)
    }

    @Test func aTokenThatCannotBeRenewedShowsAlthoughTheOldOneDoes() async {
        let states = MailboxStates(labels: [], logger: Logger(label: "test")) { _ in }
        await states.note(.inbound, .connected)
        #expect(await states.troubles.isEmpty)
        await states.renewal(.inbound, "refused")
        await states.note(.inbound, .connected)
        let told = await states.troubles
        #expect(told.count == 1 && told[0].hasPrefix("inbound failing since 20"))
        // What else is wrong is told as it is, and stays when the token is renewed.
        await states.note(.inbound, .disconnected, "away")
        #expect(await states.troubles[0].hasPrefix("inbound disconnected since 20"))
        await states.renewal(.inbound, nil)
        #expect(await states.troubles.count == 1)
        await states.note(.inbound, .connected)
        #expect(await states.troubles.isEmpty)
        await states.renewal(.inbound, "refused")
        await states.renewal(.inbound, nil)
        #expect(await states.troubles.isEmpty)
    }
}
