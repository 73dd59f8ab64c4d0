;; Distances between the rows of a matrix of float64, on a shared memory.
(module
  (import "env" "memory" (memory 1 65536 shared))

  ;; Stores the distances from row $i to all $rows rows of $columns numbers, which begin at byte $x,
  ;; as row $i of the matrix that begins at byte $out.
  (func (export "row") (param $i i32) (param $rows i32) (param $columns i32) (param $x i32) (param $out i32)
    (local $width i32) ;; bytes of a row of x
    (local $a i32)     ;; where row $i begins
    (local $b i32)     ;; where the other row begins
    (local $k i32)     ;; bytes into both
    (local $fours i32) ;; bytes of a row that are taken four numbers at a time
    (local $end i32)
    (local $d v128)
    (local $sum0 v128)
    (local $sum1 v128)
    (local $rest f64)
    (local $sum f64)
    (local.set $width (i32.shl (local.get $columns) (i32.const 3)))
    (local.set $fours (i32.and (local.get $width) (i32.const -32)))
    (local.set $a (i32.add (local.get $x) (i32.mul (local.get $i) (local.get $width))))
    (local.set $b (local.get $x))
    (local.set $out (i32.add (local.get $out)
      (i32.shl (i32.mul (local.get $i) (local.get $rows)) (i32.const 3))))
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $rows) (i32.const 3))))
    (block $done
      (loop $next_row
        (br_if $done (i32.ge_u (local.get $out) (local.get $end)))
        (local.set $sum0 (v128.const f64x2 0 0))
        (local.set $sum1 (v128.const f64x2 0 0))
        (local.set $k (i32.const 0))
        (block $no_fours
          (loop $next_four
            (br_if $no_fours (i32.ge_u (local.get $k) (local.get $fours)))
            (local.set $d (f64x2.sub
              (v128.load (i32.add (local.get $a) (local.get $k)))
              (v128.load (i32.add (local.get $b) (local.get $k)))))
            (local.set $sum0 (f64x2.add (local.get $sum0)
              (f64x2.mul (local.get $d) (local.get $d))))
            (local.set $d (f64x2.sub
              (v128.load offset=16 (i32.add (local.get $a) (local.get $k)))
              (v128.load offset=16 (i32.add (local.get $b) (local.get $k)))))
            (local.set $sum1 (f64x2.add (local.get $sum1)
              (f64x2.mul (local.get $d) (local.get $d))))
            (local.set $k (i32.add (local.get $k) (i32.const 32)))
            (br $next_four)))
        (local.set $sum0 (f64x2.add (local.get $sum0) (local.get $sum1)))
        (local.set $sum (f64.add
          (f64x2.extract_lane 0 (local.get $sum0))
          (f64x2.extract_lane 1 (local.get $sum0))))
        (block $no_rest
          (loop $next_one
            (br_if $no_rest (i32.ge_u (local.get $k) (local.get $width)))
            (local.set $rest (f64.sub
              (f64.load (i32.add (local.get $a) (local.get $k)))
              (f64.load (i32.add (local.get $b) (local.get $k)))))
            (local.set $sum (f64.add (local.get $sum)
              (f64.mul (local.get $rest) (local.get $rest))))
            (local.set $k (i32.add (local.get $k) (i32.const 8)))
            (br $next_one)))
        (f64.store (local.get $out) (f64.sqrt (local.get $sum)))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (local.set $b (i32.add (local.get $b) (local.get $width)))
        (br $next_row)))))
