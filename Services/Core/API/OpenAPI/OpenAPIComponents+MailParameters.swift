extension OpenAPIComponents {
    /// Parameters of the operations on mailboxes and messages.
    static let mailParameters = #"""
        {
            "MailboxName": {
                "name": "name", "in": "path", "required": true, "description": "The mailbox's name.",
                "schema": {"type": "string", "minLength": 1}, "example": "support"
            },
            "SecretName": {
                "name": "name", "in": "path", "required": true, "description": "The secret's name.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 100}, "example": "support-mail"
            },
            "ConsentState": {
                "name": "state", "in": "query", "required": true, "description": "As it was in the link.",
                "schema": {"type": "string"}
            },
            "ConsentCode": {
                "name": "code", "in": "query", "description": "The provider's code; absent when consent was not given.",
                "schema": {"type": "string"}
            },
            "MailboxTestId": {
                "name": "id", "in": "path", "required": true, "description": "The test's id.",
                "schema": {"type": "string", "minLength": 1}, "example": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
            },
            "EmailId": {
                "name": "id", "in": "path", "required": true, "description": "The message's id.",
                "schema": {"type": "string", "minLength": 1}, "example": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
            },
            "EmailOfItem": {
                "name": "emailId", "in": "path", "required": true, "description": "The message's id.",
                "schema": {"type": "string", "minLength": 1}, "example": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
            },
            "AttachmentIndex": {
                "name": "n", "in": "path", "required": true, "description": "Which attachment, from 0.",
                "schema": {"type": "string", "minLength": 1}, "example": "0"
            },
            "ContentDigest": {
                "name": "sha256", "in": "path", "required": true, "description": "SHA-256 of the bytes, in hexadecimal digits.",
                "schema": {"type": "string", "minLength": 1},
                "example": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            },
            "Term": {
                "name": "term", "in": "query", "required": true, "description": "The term of the mailbox's lease.",
                "schema": {"type": "integer", "minimum": 0}
            },
            "KnownVersion": {
                "name": "version", "in": "query", "description": "The configuration's version that the caller knows.",
                "schema": {"type": "integer", "minimum": 0, "maximum": 2147483647}
            },
            "SeenWork": {
                "name": "seen", "in": "query", "description": "`seen` of the answer before.",
                "schema": {"type": "string"}
            },
            "EmailItemFilter": {
                "name": "workItemId", "in": "query", "description": "Messages of this item.",
                "schema": {"type": "string", "format": "uuid"}
            },
            "EmailMailboxFilter": {
                "name": "mailbox", "in": "query", "description": "Messages of this mailbox.", "schema": {"type": "string"}
            },
            "EmailStateFilter": {
                "name": "state", "in": "query", "description": "Messages in one of these states; also separated by commas.",
                "style": "form", "explode": true,
                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/EmailState"}}
            }
        }
        """#
}
