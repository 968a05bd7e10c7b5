import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sits in each connection's pipeline: notices that the peer has gone while a request waits, and turns the bare 400
/// that Hummingbird writes for unreadable HTTP into a problem document.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Fires when the peer closes the connection or its sending half.
    let peerGone = OneTimeSignal()

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { peerGone.fire() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        peerGone.fire()
        context.fireChannelInactive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headerFields[.contentLength] == "0"
        else {
            context.write(data, promise: promise)
            return
        }
        let problem = Problem.badRequest("The request is not readable HTTP/1.1.", code: "malformed-http")
        let document = problem.document(instance: "about:blank")
        head.headerFields[.contentType] = "application/problem+json"
        head.headerFields[.contentLength] = String(document.count)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: document))), promise: promise)
    }
}
