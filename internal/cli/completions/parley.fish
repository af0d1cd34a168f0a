# Completion of parley for fish.

function __parley_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete -- $words[2..-1] 2>/dev/null)
    set -l typed (string replace -r '^--[^=]*=' '' -- $words[-1])
    set -l before (string sub -l (math (string length -- $words[-1]) - (string length -- $typed)) -- $words[-1])
    switch $lines[1]
        case files
            for path in (__fish_complete_path $typed)
                echo -- $before$path
            end
        case dirs
            for path in (__fish_complete_directories $typed)
                echo -- $before$path
            end
        case '*'
            string join \n -- $lines[2..-1]
    end
end

complete -c parley -f -a '(__parley_complete)'
