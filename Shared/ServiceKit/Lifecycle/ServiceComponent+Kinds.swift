import Logging
import ServiceLifecycle

extension ServiceComponent {
    /// What is closed when the components after it have ended.
    public static func closing(_ name: String, _ close: @escaping @Sendable () async -> Void) -> ServiceComponent {
        ServiceComponent(name) {
            try? await gracefulShutdown()
            await close()
        }
    }

    /// What runs until a graceful stop begins, which cancels it.
    public static func running(_ name: String, _ run: @escaping @Sendable () async -> Void) -> ServiceComponent {
        ServiceComponent(name) { await cancelWhenGracefulShutdown { await run() } }
    }

    /// Those after it start when the server accepts connections.
    public static func serving(_ name: String, _ server: HTTPService) -> ServiceComponent {
        ServiceComponent(name, server, ready: { _ = await server.waitUntilListening() })
    }

    /// Health and metrics on an address of their own, those of the process among them.
    public static func operations(
        _ checks: HealthChecks, _ metrics: PrometheusMetrics, at address: HTTPServiceConfiguration, logger: Logger
    ) -> ServiceComponent {
        ProcessMetrics.add(to: metrics)
        var routes = Routes()
        checks.addRoutes(to: &routes)
        metrics.addRoute(to: &routes)
        return serving("metrics", HTTPService(configuration: address, routes: routes, logger: logger))
    }
}
