import Domain
import NIOCore
import NIOPosix
import Synchronization

/// Agents at work: each becomes ready, waits for offers by long poll, answers them, works, and hands in what it has done,
/// all over HTTP as real desktops do it.
struct SimulateAgents: Sendable {
    let address: APIAddress
    let key: String
    let behaviour: any AgentBehaviour
    let recorder: SimulationRecorder
    /// When set, agents take nothing new, finish what they have and go offline.
    let stop: StopSignal

    /// Returns when all agents are offline.
    func run(agents: [String]) async {
        let floors = MultiThreadedEventLoopGroup.singleton.makeIterator().map { loop in
            Floor(loop, poolSize: min(64, max(4, agents.count / 4)), address: address, key: key)
        }
        await withDiscardingTaskGroup { group in
            for (index, agent) in agents.enumerated() {
                let floor = floors[index % floors.count]
                let agent = SimulatedAgent(
                    id: agent, connection: HTTPConnection(address: address, key: key, loop: floor.loop),
                    pool: floor.pool,
                    behaviour: behaviour, recorder: recorder, stop: stop)
                group.addTask(executorPreference: floor.executor) {
                    // Not all in the same instant: a shift comes in one after the other.
                    try? await Task.sleep(for: .milliseconds(index * 2))
                    await agent.run()
                }
            }
        }
        for floor in floors { await floor.pool.close() }
    }

    /// The agents of one event loop: their tasks run where their connections are, so that no request changes threads.
    private struct Floor {
        let loop: any EventLoop
        let executor: EventLoopExecutor
        let pool: HTTPConnectionPool

        init(_ loop: any EventLoop, poolSize: Int, address: APIAddress, key: String) {
            self.loop = loop
            executor = EventLoopExecutor(loop)
            pool = HTTPConnectionPool(size: poolSize, address: address, key: key, loop: loop)
        }
    }
}

/// Runs tasks on an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Gathers what the agents do.
final class SimulationRecorder: Sendable {
    private let state = Mutex(SimulationStatistics())
    private let target: Int?
    private let stop: StopSignal

    /// - Parameter target: sets `stop` once so many items are completed.
    init(target: Int? = nil, stop: StopSignal) {
        self.target = target
        self.stop = stop
    }

    var statistics: SimulationStatistics { state.withLock { $0 } }

    /// How many items are completed, without a copy of everything.
    var counts: (offers: Int, completed: Int) { state.withLock { ($0.offers, $0.completed) } }

    func record(_ change: (inout SimulationStatistics) -> Void) {
        let completed = state.withLock { statistics in
            change(&statistics)
            return statistics.completed
        }
        if let target, completed >= target { stop.set() }
    }
}
