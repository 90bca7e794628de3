# SPDX-License-Identifier: MIT
#
# The picture of make growth: a panel for each thing that grows, a line for each heap. The data
# has a block for each line, in the order of bench/growth-run.
set terminal svg size 900,640 font 'sans-serif,13' background '#ffffff' dynamic
set output picture
set datafile missing '?'
set multiplot layout 2,2 title 'An operation, as one thing grows'
set logscale xy
set format x '10^{%T}'
set format y '10^{%T}'
unset mxtics
unset mytics
set key top left
set grid lc rgb '#dddddd'
set style line 1 lc rgb '#1f5fa8' lw 2.5 pt 7 ps 0.6
set style line 2 lc rgb '#c2571a' lw 2.5 pt 5 ps 0.6
set style line 3 lc rgb '#888888' lw 2 dt 2 pt 6 ps 0.6

set title 'blocks alive (instructions stay the same)'
set ylabel 'ns'
set yrange [1:100000]
plot data index 0 using 3:4 title 'legacy' with linespoints ls 1, \
     data index 1 using 3:4 title 'modern' with linespoints ls 2
set ylabel 'instructions'
set yrange [10:50000000]
set title 'segments (legacy)'
plot data index 2 using 3:5 title 'here' with linespoints ls 1, \
     data index 3 using 3:5 title 'walking, as the original' with linespoints ls 3
set title 'huge blocks (modern)'
plot data index 4 using 3:5 title 'here' with linespoints ls 2, \
     data index 5 using 3:5 title 'walking, as the original' with linespoints ls 3
set title 'chunks (modern)'
plot data index 6 using 3:5 title 'here' with linespoints ls 2, \
     data index 7 using 3:5 title 'walking, as the original' with linespoints ls 3
unset multiplot
