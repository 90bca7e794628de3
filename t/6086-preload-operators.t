#!/bin/sh
# SPDX-License-Identifier: MIT
#
# C++'s operators under the malloc replacement: what they do without memory, and that those that a
# program defines itself are called by all that the standard says.

. "${srcdir:-$(dirname "$0")/..}/t/tap.sh"

test -e "$builddir/libzend_malloc.so" || skip_all "no malloc replacement in this build"
case $CC in *-m32*) compiler='g++ -m32' ;; *) compiler=g++ ;; esac
echo 'int main() { return 0; }' > "$tmp/try.cc"
$compiler -o "$tmp/try" "$tmp/try.cc" 2> "$tmp/try.err" || skip_all "no $compiler (package g++)"

cat > "$tmp/memory.cc" <<'END'
#include <cstdio>
#include <new>
static int handled;
static void handler() { std::puts("handler"); if (++handled == 2) std::set_new_handler(nullptr); }
template <class Function> static void attempt(const char *name, Function function)
{
	try {
		std::printf("%s: %p\n", name, function());
	} catch (const std::bad_alloc &) {
		std::printf("%s: bad_alloc\n", name);
	}
}
int main()
{
	volatile std::size_t much = ~(std::size_t)0 / 4 * 3;
	const std::align_val_t align = (std::align_val_t)64;

	std::set_new_handler(handler);
	attempt("new", [&] { return operator new(much); });
	attempt("new[]", [&] { return operator new[](much); });
	attempt("aligned", [&] { return operator new(much, align); });
	attempt("aligned[]", [&] { return operator new[](much, align); });
	attempt("nothrow", [&] { return operator new(much, std::nothrow); });
	attempt("nothrow[]", [&] { return operator new[](much, std::nothrow); });
	attempt("aligned nothrow", [&] { return operator new(much, align, std::nothrow); });
	attempt("aligned nothrow[]", [&] { return operator new[](much, align, std::nothrow); });
	attempt("odd alignment", [&] { return operator new(100, (std::align_val_t)48); });
	operator delete(nullptr);
	operator delete(operator new(7, std::nothrow), std::nothrow);
	operator delete[](operator new[](7, std::nothrow), std::nothrow);
	operator delete(operator new(7, align, std::nothrow), align, std::nothrow);
	operator delete[](operator new[](7, align, std::nothrow), align, std::nothrow);
	std::puts(operator new(0) == operator new(0) ? "one block" : "two blocks");
	return 0;
}
END
cat > "$tmp/wanted" <<'END'
handler
handler
new: bad_alloc
new[]: bad_alloc
aligned: bad_alloc
aligned[]: bad_alloc
nothrow: (nil)
nothrow[]: (nil)
aligned nothrow: (nil)
aligned nothrow[]: (nil)
odd alignment: bad_alloc
two blocks
END

# Those that are defined here are called by those that are not.
cat > "$tmp/own.cc" <<'END'
#include <cstdio>
#include <cstdlib>
#include <new>
void *operator new(std::size_t size)
{
	std::fputs("own new\n", stderr);
	if (size > 1000000) {
		throw std::bad_alloc();
	}
	return std::malloc(size);
}
void operator delete(void *ptr) noexcept { std::fputs("own delete\n", stderr); std::free(ptr); }
void *operator new(std::size_t size, std::align_val_t align)
{
	std::fputs("own aligned new\n", stderr);
	return std::aligned_alloc((std::size_t)align, size);
}
void operator delete(void *ptr, std::align_val_t) noexcept
{
	std::fputs("own aligned delete\n", stderr);
	std::free(ptr);
}
int main()
{
	const std::align_val_t align = (std::align_val_t)64;

	operator delete(operator new(8), (std::size_t)8);
	operator delete[](operator new[](8));
	operator delete[](operator new[](8), (std::size_t)8);
	operator delete(operator new(8, std::nothrow), std::nothrow);
	operator delete[](operator new[](8, std::nothrow), std::nothrow);
	operator delete(operator new(64, align), (std::size_t)64, align);
	operator delete[](operator new[](64, align), (std::size_t)64, align);
	operator delete[](operator new[](64, align, std::nothrow), align, std::nothrow);
	std::printf("%p\n", operator new(2000000, std::nothrow));
	std::printf("%p\n", operator new[](2000000, std::nothrow));
	return 0;
}
END

# A thread ends with what it threw, and memory goes from thread to thread.
cat > "$tmp/work.cc" <<'END'
#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>
struct Base { virtual ~Base() {} int some = 1; };
struct Derived : Base { std::string text = std::string(100, 'd'); int more[50]; };
struct alignas(64) Wide { char bytes[100]; };
struct Counted { int value; ~Counted() { value = 0; } };
int main()
{
	std::vector<std::string> strings;
	std::map<int, std::shared_ptr<Base>> bases;

	for (int i = 0; i < 2000; i++) {
		strings.push_back(std::string(i % 300, 'x'));
		bases[i * 7 % 500] = std::make_shared<Derived>();
	}
	std::unique_ptr<Base> base(new Derived);
	delete[] new Counted[13];
	delete[] new Counted[0];
	delete[] new char[0];
	delete new Wide;
	delete[] new Wide[7];
	for (std::size_t n = 0; n < 3000000; n = n * 5 / 4 + 1) {
		std::allocator<char> allocator;
		allocator.deallocate(allocator.allocate(n), n);
	}
	auto moved = std::async(std::launch::async, [&] {
		strings.clear();
		strings.shrink_to_fit();
		return std::unique_ptr<Base>(new Derived);
	});
	moved.get();
	try {
		std::async(std::launch::async, [] { throw std::runtime_error("thrown"); }).get();
	} catch (const std::exception &error) {
		std::ostringstream out;
		out << error.what() << ' ' << std::regex_match("abbc", std::regex("ab*c"));
		std::puts(out.str().c_str());
	}
	return 0;
}
END

# A program in C that loads a library in C++: nobody but that library leads to the C++ library.
cat > "$tmp/plugin.cc" <<'END'
#include <new>
extern "C" int plugin(unsigned long much)
{
	try {
		return operator new(much) != nullptr;
	} catch (const std::bad_alloc &) {
		return 2;
	}
}
END
cat > "$tmp/host.c" <<'END'
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW | RTLD_LOCAL);
	int (*plugin)(unsigned long);

	*(void **)&plugin = library ? dlsym(library, "plugin") : NULL;
	if (!plugin) {
		return 3;
	}
	printf("%d %d\n", plugin(100), plugin(SIZE_MAX / 4 * 3));
	return 0;
}
END
run $compiler -w -shared -fPIC -o "$tmp/plugin.so" "$tmp/plugin.cc"
is "$status" 0 "plugin.cc compiles" || diag "$err"
run $CC -w -o "$tmp/host" "$tmp/host.c" -ldl
is "$status" 0 "host.c compiles" || diag "$err"
for mode in legacy modern; do
	run "$ZMM" run --check --mode $mode "$tmp/host" "$tmp/plugin.so"
	is "$status:$out" "0:1 2" "$mode: a library in C++ of a program in C" || diag "$err"
done

for program in memory own work; do
	run $compiler -std=c++17 -w -fsized-deallocation -o "$tmp/$program" "$tmp/$program.cc" -lpthread
	is "$status" 0 "$program.cc compiles" || diag "$err"
done
run "$tmp/own"
own_out=$out own_err=$err

for mode in legacy modern; do
	for setting in ZEND_MM_DEBUG= ZEND_MM_HARDENED=all ZEND_MM_DEBUG=all; do
		run env $setting "$ZMM" run --check --mode $mode "$tmp/memory"
		is "$status:$out" "0:$(cat "$tmp/wanted")" "$mode, $setting: without memory" || diag "$err"
		run env $setting "$ZMM" run --check --mode $mode "$tmp/own"
		is "$status:$out:$err" "0:$own_out:$own_err" "$mode, $setting: the program's own operators"
		run env $setting "$ZMM" run --check --mode $mode "$tmp/work"
		is "$status:$out:$err" "0:thrown 1:" "$mode, $setting: what C++ programs do is right"
	done
done
done_testing
