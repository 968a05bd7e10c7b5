import Domain
import Email
import EmailAccess
import Foundation
import ServiceKit
import Synchronization
import Testing

@Suite struct SharingTests {
    private let mailboxes = (0..<100).map { "tenant/mailbox-\($0)" }

    @Test(arguments: [1, 2, 3, 7, 100, 130])
    func sharesAreEvenAndComplete(count: Int) {
        let instances = (0..<count).map { "instance-\($0)" }
        let shares = ShareOut(mailboxes: mailboxes, instances: instances).shares
        let sizes = shares.values.map(\.count)
        #expect(sizes.reduce(0, +) == 100)
        #expect(Set(shares.values.joined()).count == 100)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        #expect(
            ShareOut(mailboxes: mailboxes.reversed(), instances: instances.reversed()).shares == shares,
            "whatever the order in which they are named")
    }

    @Test func fewMailboxesMoveWhenAnInstanceGoes() {
        let before = ShareOut(mailboxes: mailboxes, instances: ["a", "b", "c", "d"]).shares
        let after = ShareOut(mailboxes: mailboxes, instances: ["a", "b", "c"]).shares
        let stayed = ["a", "b", "c"].map { (before[$0] ?? []).intersection(after[$0] ?? []).count }.reduce(0, +)
        #expect(stayed >= 55, "of the 75 that need not move")
    }

    @Test func nobodyGetsNothing() {
        #expect(ShareOut(mailboxes: mailboxes, instances: []).shares.isEmpty)
        #expect(ShareOut(mailboxes: [], instances: ["a"]).shares == ["a": []])
        #expect(ShareOut(mailboxes: ["m"], instances: ["a", "a"]).shares == ["a": ["m"]])
    }
}

@Suite struct InboundValueTests {
    @Test(arguments: [
        ("setup.exe", "*.exe", true), ("a.exe.txt", "*.exe", false), ("x", "*", true), ("", "*", true),
        ("abc", "a?c", true),
        ("abbc", "a*b*c", true), ("abcx", "a*b*c", false), ("image/png", "image/*", true), ("aaa", "a*a*a*a", false),
    ])
    func patterns(text: String, pattern: String, fits: Bool) {
        #expect(AttachmentRules.matches(text, pattern) == fits)
    }

    @Test func blockedWinsOverAllowed() throws {
        let settings = try MailboxConfiguration(
            settings: JSONValue(
                parsing: Array(
                    #"""
                    {"name": "m", "source": "s", "address": "a@b.test", "inbound": {
                     "server": {"host": "127.0.0.1", "port": 143, "security": "plain"},
                     "credentials": {"user": "a", "secret": "x"},
                     "blockedAttachments": ["*.EXE"], "allowedAttachments": ["*.pdf", "image/*", "*.exe"]}}
                    """#.utf8)))
        let rules = AttachmentRules(try #require(settings.inbound))
        #expect(!rules.takes(name: "Setup.Exe", type: "application/octet-stream"))
        #expect(rules.takes(name: "Rechnung.PDF", type: "application/pdf"))
        #expect(rules.takes(name: "photo", type: "image/png"))
        #expect(!rules.takes(name: "notes.txt", type: "text/plain"))
    }

    @Test func batchesAreBoundedInMessagesAndBytes() {
        func summary(_ uid: UInt32, _ size: Int) -> MessageSummary {
            MessageSummary(uid: uid, size: size, internalDate: 0, flags: [])
        }
        let many = MessageBatches.batches((1...250).map { summary($0, 100) }, greatest: 1000)
        #expect(many.map(\.all.count) == [100, 100, 50])
        let large = MessageBatches.batches((1...40).map { summary($0, 250_000) }, greatest: 1_000_000)
        #expect(large.allSatisfy { $0.all.map(\.size).reduce(0, +) <= MessageBatches.bytes + 250_000 })
        let mixed = MessageBatches.batches([summary(1, 10), summary(2, 2000), summary(3, 10)], greatest: 1000)
        #expect(mixed.count == 1)
        #expect(mixed[0].whole.map(\.uid) == [1, 3])
        #expect(mixed[0].heads.map(\.uid) == [2])
        #expect(MessageBatches.batches([], greatest: 1).isEmpty)
    }

    @Test func theRateIsKeptOverTime() {
        var rate = SendRate(perMinute: 60, at: 0)
        var sent = 0
        var now: Int64 = 0
        let end: Int64 = 120_000_000_000
        while now < end {
            let pause = rate.pause(at: now)
            if pause == 0 {
                rate.take()
                sent += 1
            }
            now += max(pause, 1_000_000)
        }
        // A minute's worth at once, and then one a second.
        #expect((179...181).contains(sent))
    }

    @Test(.timeLimit(.minutes(1))) func slotsAreNeverMoreAndNeverLost() async throws {
        let slots = Slots(3)
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                group.addTask {
                    let waiting = Task {
                        try await slots.use { _ in
                            inside.enter()
                            await Task.yield()
                            inside.leave()
                        }
                    }
                    if index.isMultiple(of: 3) { waiting.cancel() }
                    _ = try? await waiting.value
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.counts.most <= 3)
        #expect(inside.counts.now == 0)
        for _ in 0..<3 { try await slots.use { _ in } }
    }

    @Test(.timeLimit(.minutes(1))) func aWakeUpIsNeverLostAndTimeRunsOut() async throws {
        let signal = AsyncWake()
        for _ in 0..<3 {
            let begin = ContinuousClock.now
            await signal.wait(atMost: .milliseconds(50))
            #expect(ContinuousClock.now - begin >= .milliseconds(50), "also after others that ran out")
        }
        signal.wake()
        #expect(await signal.wait(atMost: .seconds(50)))
        async let waiting = signal.wait(atMost: .seconds(50))
        try await Task.sleep(for: .milliseconds(20))
        signal.wake()
        #expect(await waiting)
        let cancelled = Task { await signal.wait(atMost: .seconds(50)) }
        cancelled.cancel()
        #expect(await !cancelled.value)
        let begin = ContinuousClock.now
        #expect(await !signal.wait(atMost: .milliseconds(50)))
        #expect(ContinuousClock.now - begin >= .milliseconds(50))
    }

    private final class Inside: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var counts: (now: Int, most: Int) { state.withLock { $0 } }
        func enter() {
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }
        func leave() { state.withLock { $0.now -= 1 } }
    }
}
