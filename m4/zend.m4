dnl SPDX-License-Identifier: MIT
dnl
dnl The macros of configure.ac. Each choice ends up as one macro of config.h that is always
dnl defined, as 0 or as 1, and as one line of the summary.

dnl ZEND_YES_NO(OPTION, VARIABLE, WHAT IT DOES)
dnl --enable-OPTION, off by default. Sets the shell variable to 0 or 1.
AC_DEFUN([ZEND_YES_NO], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$3])], [], [enableval=no])
AS_CASE([$enableval],
	[yes], [$2=1; zend_in="$zend_in $1"],
	[no], [$2=0],
	[AC_MSG_ERROR([--enable-$1 takes no value, got "$enableval"])])
])

dnl ZEND_SWITCH(OPTION, MACRO, WHAT IT DOES)
dnl The same, and the macro in config.h.
AC_DEFUN([ZEND_SWITCH], [
ZEND_YES_NO([$1], [$2], [$3])
AC_DEFINE_UNQUOTED([$2], [$$2], [$3])
])

dnl ZEND_LIBRARY(OPTION, MACRO, HEADER, LIBRARY, FUNCTION, DEBIAN PACKAGE, DEFAULT, WHAT IT BRINGS)
dnl --with-OPTION, DEFAULT is auto or no. Tries to link, so that a library for another
dnl architecture (CC='gcc -m32', mingw) counts as missing. Sets and substitutes OPTION_LIBS.
AC_DEFUN([ZEND_LIBRARY], [
AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1], [$8 (default: $7)])], [], [withval=$7])
$2=0
AS_CASE([$withval], [yes|auto|no], [],
	[AC_MSG_ERROR([--with-$1 is yes, no or auto, got "$withval"])])
AS_IF([test "$withval" != no], [
	AC_CHECK_HEADER([$3], [AC_CHECK_LIB([$4], [$5], [$2=1], [:])])
	AS_IF([test $$2 = 0], [zend_missing="$zend_missing $1:$6"
		AS_IF([test "$withval" = yes],
			[AC_MSG_ERROR(m4_normalize([--with-$1: $CC finds no usable $3 and -l$4;
				Debian package $6 brings them]))])])])
AS_IF([test $$2 = 1],
	[zend_in="$zend_in $1"
	AC_SUBST(m4_toupper([$1])[_LIBS], [-l$4])])
AC_DEFINE_UNQUOTED([$2], [$$2], [$8])
])

dnl ZEND_HEADER(NAME, MACRO, HEADER, DEBIAN PACKAGE, WHAT IT BRINGS)
dnl A header that is used where it exists; no library, no option.
AC_DEFUN([ZEND_HEADER], [
AC_CHECK_HEADER([$3],
	[$2=1; zend_in="$zend_in $1"],
	[$2=0; zend_missing="$zend_missing $1:$4"])
AC_DEFINE_UNQUOTED([$2], [$$2], [$5])
])

dnl ZEND_COMPILER_FLAG(VARIABLE, FLAG...)
dnl Appends each flag that the compiler takes without a warning.
AC_DEFUN([ZEND_COMPILER_FLAG], [
m4_foreach_w([zend_flag], [$2], [
AC_MSG_CHECKING([whether $CC takes ]zend_flag)
zend_saved=$CFLAGS
CFLAGS="$CFLAGS -Werror zend_flag"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
	[$1="$$1 zend_flag"; AC_MSG_RESULT([yes])],
	[AC_MSG_RESULT([no])])
CFLAGS=$zend_saved
])
AC_SUBST([$1])
])
