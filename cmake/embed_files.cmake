# Writes OUTPUT, a C++ source that holds the bytes of FILES (separated by "|").
string(REPLACE "|" ";" FILES "${FILES}")
set(arrays "")
set(table "")
set(number 0)
foreach(path IN LISTS FILES)
    get_filename_component(name ${path} NAME)
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
    string(APPEND arrays "constexpr char kFile${number}[] = {${bytes}'\\0'};\n")
    string(APPEND table
        "    {\"${name}\", std::string_view(kFile${number}, sizeof(kFile${number}) - 1)},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"offload/assets/assets.hpp\"

namespace offload::assets {
namespace {
${arrays}
constexpr Asset kAssets[] = {
${table}};
}  // namespace

std::span<const Asset> all() { return kAssets; }

}  // namespace offload::assets
")
