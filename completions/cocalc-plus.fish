# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_cocalc_plus_global_optspecs
    string join \n log-level= h/help V/version
end

function __fish_cocalc_plus_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_cocalc_plus_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_cocalc_plus_using_subcommand
    set -l cmd (__fish_cocalc_plus_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -s V -l version -d 'Print version'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "ssh" -d 'Connect to a machine by ssh and open its workspace in the browser'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "serve" -d 'Run the server of this machine, for this user alone'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "terminal" -d 'List, start, show and end the terminals of this machine'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "config" -d 'Show and change settings'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "key" -d 'Make, list and revoke API keys, by which programs sign in'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "open" -d 'Open files in the page that shows this terminal'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c cocalc-plus -n "__fish_cocalc_plus_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l ssh-arg -d 'Pass one word to ssh before the destination; repeatable; kept until \'\'' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l identity -d 'Use this key file, as ssh -i; kept until \'\'' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l proxy-jump -d 'Go through this host, as ssh -J; kept until \'\'' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l local-port -d 'Listen on this port here; 0 or auto takes any that is free; kept' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l remote-port -d 'Let the server listen on this port there; 0 or auto takes any; kept' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l install -d 'Install the binary on the target if it is missing (the default)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l no-install -d 'Fail if the binary is not installed on the target'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l open -d 'Open the browser, even where no desktop is seen'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l no-open -d 'Do not open the browser'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l json -d 'Print one JSON object instead of text'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l verbose-ssh -d 'Show each ssh command, ready to paste'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l stop -d 'Stop the target\'s server, as `ssh stop TARGET`'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -l status -d 'Show the target\'s connection, as `ssh status TARGET`'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -a "list" -d 'List the targets and how they are connected'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -a "status" -d 'Show one target\'s connection'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -a "reconnect" -d 'Connect a known target again, and ask what ssh asks'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -a "doctor" -d 'Look at a target by one exec, and print what to type against each finding'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -a "stop" -d 'Stop a target\'s server and terminals, and disconnect'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and not __fish_seen_subcommand_from list status reconnect doctor stop help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from list" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON array instead of a table'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from status" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from status" -l json -d 'Print one JSON object instead of a table'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from reconnect" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from reconnect" -l json -d 'Print one JSON object instead of the URL'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from reconnect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from doctor" -l ssh-arg -d 'Pass one word to ssh before the destination; repeatable; kept until \'\'' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from doctor" -l identity -d 'Use this key file, as ssh -i; kept until \'\'' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from doctor" -l proxy-jump -d 'Go through this host, as ssh -J; kept until \'\'' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from doctor" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from doctor" -l json -d 'Print one JSON object instead of a table'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from doctor" -l verbose-ssh -d 'Show each ssh command, ready to paste'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from stop" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from stop" -l keep -d 'Leave the terminals running; the next connect finds them'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from stop" -l json -d 'Print one JSON object instead of text'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the targets and how they are connected'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show one target\'s connection'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from help" -f -a "reconnect" -d 'Connect a known target again, and ask what ssh asks'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from help" -f -a "doctor" -d 'Look at a target by one exec, and print what to type against each finding'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop a target\'s server and terminals, and disconnect'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand ssh; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l port -d 'Listen on this port; 0 takes any that is free' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l host -d 'Let browsers of other machines in under this name, by TLS where it is `https://NAME`; a token is needed' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l nats-port -d 'Speak the NATS client protocol on this loopback port too; 0 takes any that is free' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l token-file -d 'Take a token from this file that signs programs and browsers in; `-` is stdin' -r -F
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l write-connection-info -d 'Write port and token as JSON to this file (mode 0600) once it listens' -r -F
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l pidfile -d 'Write the process id to this file' -r -F
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l log -d 'Write messages to this file instead of stderr or the default log' -r -F
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l daemon -d 'Leave the terminal; return when it listens'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l daemon-stop -d 'Stop the server that runs; its terminals live on'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l daemon-status -d 'Say whether a server runs'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l open -d 'Open the browser, even where no desktop is seen'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l no-open -d 'Do not open the browser'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l json -d 'Print one JSON object instead of text'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l daemon-child
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -l login-environment
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -f -a "list" -d 'List the terminals, oldest first'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -f -a "new" -d 'Start a terminal and print its id'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -f -a "attach" -d 'Show a terminal inside this one'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -f -a "kill" -d 'End terminals and what runs in them'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -f -a "send" -d 'Type into a terminal'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -f -a "capture" -d 'Print what a terminal shows, as text'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and not __fish_seen_subcommand_from list new attach kill send capture help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from list" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON array instead of a table'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from new" -l cols -d 'Width until somebody shows it' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from new" -l rows -d 'Height until somebody shows it' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from new" -l cwd -d 'Start in this directory instead of the home' -r -F
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from new" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from new" -l json -d 'Print its whole row as one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from attach" -l detach-key -d 'Detach with this key, ctrl-a to ctrl-z, ctrl-\\ or ctrl-]' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from attach" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from kill" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from kill" -l all -d 'End all terminals'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from kill" -l json -d 'Print one JSON object instead of text'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from kill" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from send" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from send" -l json -d 'Print one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from capture" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from capture" -l scrollback -d 'Print what left the screen too, oldest line first'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from capture" -l json -d 'Print one JSON object with size and cursor'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from capture" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the terminals, oldest first'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from help" -f -a "new" -d 'Start a terminal and print its id'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from help" -f -a "attach" -d 'Show a terminal inside this one'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from help" -f -a "kill" -d 'End terminals and what runs in them'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from help" -f -a "send" -d 'Type into a terminal'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from help" -f -a "capture" -d 'Print what a terminal shows, as text'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand terminal; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -f -a "get" -d 'Print what holds for a setting'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -f -a "set" -d 'Set a setting in the file'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -f -a "unset" -d 'Take a setting out of the file'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -f -a "list" -d 'List every setting, what holds, and where that is from'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -f -a "path" -d 'Print where the file stands'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -f -a "edit" -d 'Open the file in $VISUAL or $EDITOR, and keep it if it is good'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and not __fish_seen_subcommand_from get set unset list path edit help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from get" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Print one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from set" -l file -d 'Read the value from this file' -r -F
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from set" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Print one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from unset" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from unset" -l json -d 'Print one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from unset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from list" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from list" -l json -d 'Print a JSON array instead of a table'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from path" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Print one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from edit" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "get" -d 'Print what holds for a setting'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "set" -d 'Set a setting in the file'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "unset" -d 'Take a setting out of the file'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "list" -d 'List every setting, what holds, and where that is from'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where the file stands'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Open the file in $VISUAL or $EDITOR, and keep it if it is good'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and not __fish_seen_subcommand_from create list revoke help" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and not __fish_seen_subcommand_from create list revoke help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and not __fish_seen_subcommand_from create list revoke help" -f -a "create" -d 'Make a key and print it, this once'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and not __fish_seen_subcommand_from create list revoke help" -f -a "list" -d 'List the keys, oldest first'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and not __fish_seen_subcommand_from create list revoke help" -f -a "revoke" -d 'Revoke a key; what uses it on the bus is cut off at once'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and not __fish_seen_subcommand_from create list revoke help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from create" -l scope -d 'Whose rights it has: `account` or `project:ID`' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from create" -l expires -d 'When it ends, from now on: `90m`, `12h`, `30d`; never without this' -r
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from create" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from create" -l json -d 'Print one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from list" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON array instead of a table'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from revoke" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from revoke" -l json -d 'Print one JSON object'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a key and print it, this once'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the keys, oldest first'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke a key; what uses it on the bus is cut off at once'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand open" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand completions" -l log-level -d 'Show messages of this level and above on stderr' -r -f -a "error\t'Nothing but the final error'
warn\t'What a person should know'
info\t'What happens'
debug\t'What happens inside'
trace\t'Everything'"
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "ssh" -d 'Connect to a machine by ssh and open its workspace in the browser'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "serve" -d 'Run the server of this machine, for this user alone'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "terminal" -d 'List, start, show and end the terminals of this machine'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "config" -d 'Show and change settings'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "key" -d 'Make, list and revoke API keys, by which programs sign in'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "open" -d 'Open files in the page that shows this terminal'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "completions" -d 'Print the completions of a shell'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and not __fish_seen_subcommand_from ssh serve terminal config key open completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from ssh" -f -a "list" -d 'List the targets and how they are connected'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from ssh" -f -a "status" -d 'Show one target\'s connection'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from ssh" -f -a "reconnect" -d 'Connect a known target again, and ask what ssh asks'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from ssh" -f -a "doctor" -d 'Look at a target by one exec, and print what to type against each finding'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from ssh" -f -a "stop" -d 'Stop a target\'s server and terminals, and disconnect'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from terminal" -f -a "list" -d 'List the terminals, oldest first'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from terminal" -f -a "new" -d 'Start a terminal and print its id'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from terminal" -f -a "attach" -d 'Show a terminal inside this one'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from terminal" -f -a "kill" -d 'End terminals and what runs in them'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from terminal" -f -a "send" -d 'Type into a terminal'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from terminal" -f -a "capture" -d 'Print what a terminal shows, as text'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "get" -d 'Print what holds for a setting'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "set" -d 'Set a setting in the file'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "unset" -d 'Take a setting out of the file'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "list" -d 'List every setting, what holds, and where that is from'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "path" -d 'Print where the file stands'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "edit" -d 'Open the file in $VISUAL or $EDITOR, and keep it if it is good'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "create" -d 'Make a key and print it, this once'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'List the keys, oldest first'
complete -c cocalc-plus -n "__fish_cocalc_plus_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "revoke" -d 'Revoke a key; what uses it on the bus is cut off at once'
