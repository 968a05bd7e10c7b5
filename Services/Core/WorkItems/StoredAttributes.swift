import Domain

extension JSONObject {
    /// Attributes as they were stored; they were checked when they came in.
    init(stored text: String) {
        guard let value = try? JSONValue(parsing: Array(text.utf8)), let object = value.objectValue else {
            self.init()
            return
        }
        self = object
    }
}
