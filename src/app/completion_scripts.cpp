#include "completion_scripts.hpp"

namespace offload::app {
namespace {

// bash takes words apart at "=" and ":" and replaces the last part alone: they are joined for the
// program, and what stands before that part is taken off its answers.
constexpr std::string_view kBash =
    R"(# bash completion for offload: source <(offload completions bash)
_offload() {
    local words=() part previous= current kept kind word line i
    for ((i = 1; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $part =~ ^[=:]+$ || $previous =~ ^[=:]+$ ]]; then
            words[${#words[@]} - 1]+=$part
        else
            words+=("$part")
        fi
        previous=$part
    done
    current=${words[${#words[@]} - 1]}
    kept=${current%"${current##*[=:]}"}
    COMPREPLY=()
    {
        read -r kind
        while IFS=$'\t' read -r word _; do COMPREPLY+=("${word#"$kept"}"); done
    } < <("${COMP_WORDS[0]/#\~\//$HOME/}" __complete "${words[@]}" 2>/dev/null)
    case $kind in
        files) part=-f ;;
        folders) part=-d ;;
        *) return 0 ;;
    esac
    compopt -o filenames
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$part" -- "${current#"$kept"}")
}
complete -F _offload offload
)";

constexpr std::string_view kZsh = R"(#compdef offload
# zsh completion for offload: source <(offload completions zsh), behind compinit; or as a file _offload
# in a folder of $fpath.
_offload() {
    local -a lines described
    local program=${(Q)words[1]} line word
    lines=("${(@f)$(${~program} __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    [[ $PREFIX == --*=* ]] && compset -P '*='
    for line in "${(@)lines[2,-1]}"; do
        word=${line%%$'\t'*}
        [[ -n $IPREFIX ]] && word=${word#*=}
        described+=("${word//:/\\:}:${line#*$'\t'}")
    done
    (($#described)) && _describe offload described
    case $lines[1] in
        files) _files ;;
        folders) _files -/ ;;
    esac
}
if [[ $funcstack[1] == _offload ]]; then
    _offload "$@"
else
    compdef _offload offload
fi
)";

constexpr std::string_view kFish =
    R"(# fish completion for offload: offload completions fish | source
function __offload_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines (command $program __complete $words "$current" 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    string join \n -- $lines
    set -l kept (string match -r -- '^--[^=]*=' "$current")
    set -l begun (string replace -r -- '^--[^=]*=' '' "$current")
    switch $kind
        case files
            string replace -r -- '^' "$kept" (__fish_complete_path "$begun")
        case folders
            string replace -r -- '^' "$kept" (__fish_complete_directories "$begun" "")
    end
end
complete -c offload -f -a '(__offload_complete)'
)";

constexpr ShellScript kScripts[] = {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};

}  // namespace

std::span<const ShellScript> completion_scripts() { return kScripts; }

}  // namespace offload::app
