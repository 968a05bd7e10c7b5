import Synchronization

/// A sleep that somebody else can end early.
final class Nap: Sendable {
    private struct Contents: Sendable {
        var sleeper: Task<Void, Never>?
        var ended = false
    }

    private let clock: any LeaseClock
    private let contents = Mutex(Contents())

    init(clock: any LeaseClock) { self.clock = clock }

    /// Sleeps, unless ``end()`` was called since the last sleep, until that, the time or cancellation.
    func sleep(_ duration: Duration) async {
        let deadline = clock.now + duration
        let sleeper = Task { [clock] in
            _ = try? await clock.sleep(until: deadline)
        }
        let hasEnded = contents.withLock { contents in
            contents.sleeper = sleeper
            return contents.ended
        }
        if hasEnded { sleeper.cancel() }
        await withTaskCancellationHandler {
            await sleeper.value
        } onCancel: {
            sleeper.cancel()
        }
        contents.withLock { $0 = Contents() }
    }

    /// Ends the sleep under way, or the next one.
    func end() {
        let sleeper = contents.withLock { contents in
            contents.ended = true
            return contents.sleeper
        }
        sleeper?.cancel()
    }
}
