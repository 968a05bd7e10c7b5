/// Why a text is not JSON that Millrace takes, and what to do about it.
public struct JSONError: Error, Sendable, Hashable {
    /// The kind of fault, stable for programs.
    public enum Code: String, Sendable, CaseIterable {
        case unexpectedEnd, unexpectedCharacter, trailingContent, byteOrderMark
        case invalidUTF8, controlCharacter, nullCharacter, invalidEscape, loneSurrogate
        case invalidNumber, numberOutOfRange, duplicateKey, tooDeep, tooManyElements, tooLong
    }

    /// The kind of fault.
    public var code: Code
    /// Bytes before the fault, counted from the start of the text.
    public var offset: Int
    /// JSON pointer to the innermost value that was being read; empty for the whole text.
    public var path: String { pointer.description }
    /// What is wrong and what to do, without quoting the text.
    public var message: String

    private var steps: [Step] = []

    /// A fault of this kind after that many bytes.
    public init(_ code: Code, offset: Int, message: String) {
        self.code = code
        self.offset = offset
        self.message = message
    }

    enum Step: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    /// The same fault seen from the container: called from the inside outwards.
    func inside(_ step: Step) -> JSONError {
        var outer = self
        outer.steps.append(step)
        return outer
    }

    private var pointer: JSONPointer {
        steps.reversed().reduce(.root) { pointer, step in
            switch step {
            case .key(let key): pointer.appending(key)
            case .index(let index): pointer.appending(index)
            }
        }
    }
}

extension JSONError: CustomStringConvertible {
    /// The message with its place: "… (byte 17, at /attributes/size)".
    public var description: String {
        path.isEmpty ? "\(message) (byte \(offset))" : "\(message) (byte \(offset), at \(path))"
    }
}
