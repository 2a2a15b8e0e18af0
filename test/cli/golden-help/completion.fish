# Completes command lines of parley in fish. In ~/.config/fish/config.fish:
#   parley --completions fish | source
function __parley_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l prefix (string match -r -- '^--[^=]+=' $current)
    test -n "$prefix"; or set prefix ''
    set -l value (string replace -r -- '^--[^=]+=' '' $current)
    set -l lines ($words[1] __complete $words[2..-1] $current 2>/dev/null)
    for line in $lines[2..-1]
        echo $prefix(string replace -- '  ' \t $line)
    end
    switch "$lines[1]"
        case files
            __fish_complete_path $value | string replace -r -- '^' "$prefix"
        case folders
            __fish_complete_directories $value | string replace -r -- '^' "$prefix"
    end
end
complete -c parley -f -a '(__parley_complete)'
complete -c parley-chat -f -a '(__parley_complete)'
