# Completion for ledger in fish. The words come from `ledger help --words`, so this file never lags behind the program.

# The command, and its subcommand where it has some, among the words typed so far.
function __ledger_commands
    set -l tokens (commandline -opc)
    set -l found
    set -l skip 0
    for token in $tokens[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $token
            case -C --dir --passphrase-fd --passphrase-file
                set skip 1
            case '-*'
            case '*'
                if test (count $found) -eq 0
                    set -a found $token
                else if test (count $found) -eq 1; and contains -- $found[1] key trust artifact model route permit pack eval promote run tap
                    set -a found $token
                end
        end
    end
    string join \n -- $found
end

# What can stand at the cursor: "word<TAB>help" lines.
function __ledger_complete
    set -l commands (__ledger_commands)
    set -l previous (commandline -opc)[-1]
    set -l current (commandline -ct)
    set -l lines (ledger help --words $commands 2>/dev/null)
    for line in $lines
        set -l part (string split \t -- $line)
        if test "$part[1]" = "$previous"; and test -n "$part[2]"
            switch $part[2]
                case '*FILE'
                    __fish_complete_path $current
                case DIR
                    __fish_complete_directories $current
                case GLOB
                    ledger kinds --names 2>/dev/null
                case GRADE
                    string join \n measured reported declared inferred
                case FORMAT
                    string join \n table json jsonl csv msgpack
                case TABLE
                    ledger state --names 2>/dev/null
                case HOW
                    string join \n utc local relative
            end
            return
        end
    end
    for line in $lines
        set -l part (string split \t -- $line)
        if string match -q -- '-*' $part[1]
            string match -q -- '-*' $current; or continue
        end
        printf '%s\t%s\n' $part[1] $part[3]
    end
    switch "$commands"
        case '' key trust artifact model route permit pack eval promote run tap
        case help
            ledger help --words 2>/dev/null | string match -r '^[a-z]+'
        case append kinds
            ledger kinds --names 2>/dev/null
        case ingest
            ledger ingest --sources 2>/dev/null
            __fish_complete_path $current
        case state rebuild attest
            ledger state --names 2>/dev/null
        case log query timeline why diff index stats '* list' '* show'
        case '*'
            __fish_complete_path $current
    end
end

complete -c ledger -f -a '(__ledger_complete)'
