import Coordination
import Testing
import Threads

@Suite("The door to a connection's thread")
struct RedisMailboxTests {
    @Test("A newcomer wakes the thread also when all that it had taken came too late to be sent")
    func newcomersWake() async throws {
        let mailbox = try RedisMailbox()
        #expect(mailbox.take().submissions.isEmpty)
        async let late = call(mailbox)
        #expect(mailbox.signal.wait(until: MonotonicTime.now + 10_000_000_000).woken)
        let taken = mailbox.take().submissions
        #expect(taken.count == 1)
        mailbox.answer(taken, CoordinationError(.timedOut, "too late"))
        _ = await late
        async let next = call(mailbox)
        #expect(mailbox.signal.wait(until: MonotonicTime.now + 10_000_000_000).woken)
        mailbox.answer(mailbox.take().submissions, CoordinationError(.timedOut, "too late"))
        _ = await next
    }

    private func call(_ mailbox: RedisMailbox) async -> Result<[RedisReply], CoordinationError> {
        await withCheckedContinuation {
            mailbox.submit(RedisSubmission(bytes: [], replyCount: 1, deadline: 0, caller: $0))
        }
    }
}
