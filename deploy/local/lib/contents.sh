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

# True when contents of a backup's database are files: file
names_files() {
    local copied
    # The first lines of a table's rows name its columns; what a text has of tabs and line ends is written as letters there.
    copied="$(pg_restore --data-only --table=content --file=- "$1" | awk -F '\t' '
        /^COPY / {
            sub(/^[^(]*\(/, ""); sub(/\).*/, "")
            count = split($0, columns, ", ")
            for (place = 1; place <= count; place++) if (columns[place] == "in_folder") column = place
            next
        }
        $0 == "\\." { column = 0 }
        column && $column == "t" { found = 1 }
        END { print found + 0 }
    ')" || die "cannot read $1"
    [[ $copied == 1 ]]
}

# True when the caller's settings suit a backup, and it is whole: file
may_restore_contents() {
    if [[ ! -e $1.contents ]] && names_files "$1"; then
        die "$1 names files of a folder of contents, and $1.contents is not there: put a tar archive of the folder there"
    fi
    [[ ! -e $1.contents || -n ${MILLRACE_CONTENT_FOLDER:-} ]] \
        || die "$1.contents is a folder of contents; set MILLRACE_CONTENT_FOLDER to where it is to be"
}

# Puts the backup's contents into the caller's folder. What is there besides belongs to nobody and goes within a day: file
restore_contents() {
    [[ -e $1.contents ]] || return 0
    mkdir -p -- "$MILLRACE_CONTENT_FOLDER"
    tar --extract --no-same-owner --file="$1.contents" --directory="$MILLRACE_CONTENT_FOLDER"
}
