#include "offload/app/app.hpp"

int main(int argc, char** argv) { return offload::app::main(argc, argv); }
