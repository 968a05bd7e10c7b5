// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "millrace",
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries: module maps only.
        .systemLibrary(
            name: "CRdKafka", path: "Shared/CLibraries/CRdKafka", pkgConfig: "rdkafka",
            providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(
            name: "CHiredis", path: "Shared/CLibraries/CHiredis", pkgConfig: "hiredis",
            providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(
            name: "CLibPQ", path: "Shared/CLibraries/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Shared/CLibraries/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CGMime", path: "Shared/CLibraries/CGMime", pkgConfig: "gmime-3.0",
            providers: [.apt(["libgmime-3.0-dev"])]),
        .systemLibrary(
            name: "CLibXML2", path: "Shared/CLibraries/CLibXML2", pkgConfig: "libxml-2.0",
            providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(name: "CExecInfo", path: "Shared/CLibraries/CExecInfo"),

        // What the services share.
        .target(name: "Domain", path: "Shared/Domain"),
        .target(name: "Threads", path: "Shared/Threads"),
        .target(
            name: "Messaging", dependencies: ["Threads", "CRdKafka", .product(name: "Logging", package: "swift-log")],
            path: "Shared/Messaging"),
        .target(
            name: "Coordination",
            dependencies: ["Threads", "CHiredis", .product(name: "Logging", package: "swift-log")],
            path: "Shared/Coordination"),
        .target(
            name: "Storage", dependencies: ["Threads", "CLibPQ", .product(name: "Logging", package: "swift-log")],
            path: "Shared/Storage"),
        .target(name: "EmailAccess", dependencies: ["Threads", "CCurl"], path: "Shared/EmailAccess"),
        .target(
            name: "EmailMessages",
            dependencies: [
                "Domain", "Threads", "CGMime", "CLibXML2", .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Shared/EmailMessages"),
        .target(
            name: "ServiceKit",
            dependencies: [
                "Domain", "Threads",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "Shared/ServiceKit"),

        .target(
            name: "Projection",
            dependencies: [
                "Domain", "Messaging", "Coordination", "Storage", "ServiceKit",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            path: "Shared/Projection"),

        .target(name: "SearchIndex", dependencies: ["Domain", "ServiceKit"], path: "Shared/SearchIndex"),

        // The services, one library each, and the one executable.
        .target(
            name: "Core",
            dependencies: [
                "Domain", "Messaging", "Coordination", "Storage", "ServiceKit", "SearchIndex",
                .product(name: "Yams", package: "Yams"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Services/Core"),
        .target(
            name: "Email",
            dependencies: [
                "Domain", "Coordination", "EmailAccess", "EmailMessages", "ServiceKit",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Services/Email"),
        .target(
            name: "Datamart",
            dependencies: [
                "Domain", "Messaging", "Coordination", "Storage", "ServiceKit", "Projection",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Services/Datamart"),
        .target(
            name: "Search",
            dependencies: [
                "Domain", "Messaging", "Coordination", "Storage", "ServiceKit", "Projection", "SearchIndex",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Services/Search"),
        .executableTarget(
            name: "millrace",
            dependencies: [
                "Core", "Email", "Datamart", "Search", "EmailAccess", "CExecInfo",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Services/Millrace"),

        .testTarget(name: "DomainTests", dependencies: ["Domain"], path: "Tests/DomainTests"),
        .testTarget(
            name: "MessagingTests", dependencies: ["Messaging"], path: "Tests/MessagingTests"),
        .testTarget(
            name: "CoordinationTests", dependencies: ["Coordination"], path: "Tests/CoordinationTests"),
        .testTarget(name: "StorageTests", dependencies: ["Storage"], path: "Tests/StorageTests"),
        .testTarget(
            name: "ServiceKitTests", dependencies: ["ServiceKit"], path: "Tests/ServiceKitTests"),
        .testTarget(name: "EmailAccessTests", dependencies: ["EmailAccess"], path: "Tests/EmailAccessTests"),
        .testTarget(
            name: "EmailMessagesTests", dependencies: ["EmailMessages", "Domain"], path: "Tests/EmailMessagesTests"),
        .testTarget(name: "EmailTests", dependencies: ["Email", "ServiceKit"], path: "Tests/EmailTests"),
        .testTarget(name: "ProjectionTests", dependencies: ["Projection"], path: "Tests/ProjectionTests"),
        .testTarget(name: "DatamartTests", dependencies: ["Datamart"], path: "Tests/DatamartTests"),
        .testTarget(name: "MillraceTests", dependencies: ["millrace"], path: "Tests/MillraceTests"),
        .testTarget(name: "CoreTests", dependencies: ["Core"], path: "Tests/CoreTests"),
        .testTarget(name: "SearchIndexTests", dependencies: ["SearchIndex"], path: "Tests/SearchIndexTests"),
        .testTarget(name: "SearchTests", dependencies: ["Search"], path: "Tests/SearchTests"),
    ],
    swiftLanguageModes: [.v6]
)
