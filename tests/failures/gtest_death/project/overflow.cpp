#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
    char* name = new char[8];
    std::memset(name, 'x', 8);
    const int length = argc + 8;
    std::printf("%c %s\n", name[length], argv[0]);
    delete[] name;
}
