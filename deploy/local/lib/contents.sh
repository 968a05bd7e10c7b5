# shellcheck shell=bash
# The folder of contents, where the services have one: it belongs to a backup as the database does.

# The folder that the services were started with.
content_folder() (
    load_environment
    printf '%s\n' "${MILLRACE_CONTENT_FOLDER:-}"
)

# Writes the folder to a file, with all that a copy of the database taken before names: file
backup_contents() {
    local folder code=0
    folder="$(content_folder)"
    [[ -n $folder ]] || return 0
    # 1 says that a file went meanwhile, with its content.
    tar --create --file="$1" --directory="$folder" --exclude='*.part' --exclude='.probe-*' . || code=$?
    ((code <= 1)) || die "the folder of contents, $folder, cannot be read"
}

# True when the caller's settings suit a backup: file
may_restore_contents() {
    [[ ! -e $1.contents || -n ${MILLRACE_CONTENT_FOLDER:-} ]] \
        || die "$1.contents is a folder of contents; set MILLRACE_CONTENT_FOLDER to where it is to be"
}

# Puts the backup's contents into the caller's folder. What is there besides belongs to nobody and goes within a day: file
restore_contents() {
    [[ -e $1.contents ]] || return 0
    mkdir -p -- "$MILLRACE_CONTENT_FOLDER"
    tar --extract --no-same-owner --file="$1.contents" --directory="$MILLRACE_CONTENT_FOLDER"
}
