import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Erasure of a customer's data on request.
extension CoreAPI {
    func customers(_ routes: inout Routes) {
        routes.post("/customers/erase", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let principal = try request.principal
            let body = try await request.object()
            guard body.keys == ["customer"], let customer = body["customer"]?.stringValue,
                (1...WorkItemLimits.attributesBytes).contains(customer.utf8.count)
            else {
                throw Problem.unprocessable(
                    "Expected {\"customer\": …}: the value of the tenant's customer attribute.",
                    errors: [
                        .init(
                            path: "/customer", message: "must be a text of 1 to \(WorkItemLimits.attributesBytes) bytes"
                        )
                    ])
            }
            let key = try Self.answerKey(request, principal, .object(body))
            let answers = KeptAnswers(runtime)
            if let known = try await answers.answer(to: key) { return known.response }
            let erased = try await EraseCustomer(runtime: runtime, customer: customer, actor: Actor(principal))
                .perform()
            return try await answers.keep(StoredAnswer(200) { $0.member("erasedWorkItems", erased) }, as: key).response
        }
    }
}
