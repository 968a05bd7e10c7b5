import Foundation
import Synchronization

/// Ends a process whose components react to nothing any more, from a thread of its own.
final class Watch: Sendable {
    private let isDisarmed = Mutex(false)

    func arm(after delay: Duration) {
        let seconds = Double(delay.components.seconds) + Double(delay.components.attoseconds) / 1e18
        Thread.detachNewThread { [self] in
            Thread.sleep(forTimeInterval: seconds)
            if isDisarmed.withLock({ $0 }) { return }
            let text = Array(
                #"{"level":"critical","logger":"millrace","message":"components did not stop, process ends"}"#.utf8)
            LogOutput.standardError.write(text)
            _exit(70)
        }
    }

    func disarm() { isDisarmed.withLock { $0 = true } }
}
