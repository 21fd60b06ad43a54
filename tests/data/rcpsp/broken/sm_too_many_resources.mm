jobs (incl. supersource/sink ):  4
RESOURCES
  - renewable                 :  999999999   R
  - nonrenewable              :  1   N
  - doubly constrained        :  0   D
************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        2          2           4 3
   3        1          2           4 2
   4        1          0
************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  N 1
------------
  1      1     0       0    0
  2      1     3       2    4
         2     5       1    2
  3      1     4       3    0
  4      1     0       0    0
************
RESOURCEAVAILABILITIES:
  R 1  N 1
    4    8
