import Domain
import HTTPTypes
import Hummingbird
import ServiceKit

/// Reports: `GET /iwd/v3/reports` and `GET /iwd/v3/reports/{name}`.
extension DatamartAPI {
    func reports(_ routes: inout Routes) {
        routes.get("/reports", access: .anyOf(.reader, .supervisor)) { request in
            try request.query.refuseOthers()
            return Response.json { json in
                json.array("items") { list in
                    for report in ReportCatalogue.all {
                        list.object { json in
                            Self.describe(
                                &json, report.name, report.title, report.summary, by: report.dimensions.map(\.rawValue),
                                usually: report.defaultBy.map(\.rawValue),
                                only: report.dimensions.filter { $0 != .interval })
                        }
                    }
                    list.object { json in
                        Self.describe(
                            &json, ItemReport.name, ItemReport.title, ItemReport.summary,
                            by: ItemReport.Row.allCases.map(\.rawValue), usually: [ItemReport.Row.assignment.rawValue],
                            only: ItemReport.filters)
                    }
                }
                json.nullMember("next")
            }
        }
        routes.get("/reports/{name}", access: .anyOf(.reader, .supervisor)) { request in
            let mart = try mart(for: request)
            let name = try request.capture("name")
            let (query, caller, now) = (try request.query, try request.principal, now())
            if name == ItemReport.name {
                let report = try ItemReport(query, mart: mart, caller: caller, cursor: cursor, now: now)
                return Self.response(try await report.run(in: mart), report.page, request)
            }
            guard let definition = ReportCatalogue.report(name) else {
                let known = (ReportCatalogue.all.map(\.name) + [ItemReport.name]).joined(separator: ", ")
                throw Problem.notFound("There is no report \(name.prefix(100)); there are \(known).")
            }
            let asked = try ReportRequest(query, of: definition, mart: mart, caller: caller, cursor: cursor, now: now)
            let filled = try await RunReport(
                definition: definition, request: asked, mart: mart, showsAgents: caller.has(.supervisor), now: now
            ).run()
            return Self.response(try filled.answer(asked.page), asked.page, request)
        }
    }

    private static func describe(
        _ json: inout JSONWriter, _ name: String, _ title: String, _ summary: String, by: [String], usually: [String],
        only: [ReportDimension]
    ) {
        json.member("name", name)
        json.member("title", title)
        json.member("summary", summary)
        json.member("by", by)
        json.member("usuallyBy", usually)
        json.member("filters", only.map(\.rawValue))
        json.object("links") { $0.member("self", "\(DatamartOpenAPI.basePath)/reports/\(name)") }
    }

    /// Figures change from moment to moment: nothing keeps them.
    private static func response(_ answer: ReportAnswer, _ page: ReportPage, _ request: APIRequest) -> Response {
        var response: Response
        switch page.format {
        case .json: response = .json(bytes: answer.json)
        case .csv:
            response = .bytes(answer.csv, contentType: "text/csv; charset=utf-8; header=present")
            response.headers[.contentDisposition] = "attachment; filename=\"\(answer.fileName)\""
            if let next = answer.next, let link = HTTPField.Name("Link") {
                response.headers[link] = "<\(address(request, next: next))>; rel=\"next\""
            }
        }
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// The address of the next page: what was asked for, with the cursor.
    private static func address(_ request: APIRequest, next: String) -> String {
        let query = (request.raw.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") }
        return "\(request.raw.uri.path)?" + (query.map(String.init) + ["cursor=\(next)"]).joined(separator: "&")
    }
}
