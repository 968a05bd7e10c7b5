import Foundation
import Synchronization

/// The names of the components that run, in the order in which they began: the last one is stopped first, and waited for.
final class RunningComponents: Sendable {
    private let names = Mutex<[String]>([])

    func began(_ name: String) { names.withLock { $0.append(name) } }
    func ended(_ name: String) {
        names.withLock { names in
            if let index = names.lastIndex(of: name) { names.remove(at: index) }
        }
    }

    var description: String { names.withLock { $0.joined(separator: ", ") } }
}

/// Ends a process whose components react to nothing any more, from a thread of its own; says which.
final class Watch: Sendable {
    private let isDisarmed = Mutex(false)
    private let running: RunningComponents

    init(_ running: RunningComponents) { self.running = running }

    func arm(after delay: Duration) {
        let seconds = Double(delay.components.seconds) + Double(delay.components.attoseconds) / 1e18
        Thread.detachNewThread { [self] in
            Thread.sleep(forTimeInterval: seconds)
            if isDisarmed.withLock({ $0 }) { return }
            let text =
                #"{"level":"critical","logger":"millrace","message":"components did not stop, process ends","components":"#
                + "\"\(running.description)\"}"
            LogOutput.standardError.write(Array(text.utf8))
            _exit(70)
        }
    }

    func disarm() { isDisarmed.withLock { $0 = true } }
}
