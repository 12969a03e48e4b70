;; The search kernel: dot products of one or four queries with rows of float32 vectors, four lanes at a time, and the plain sum of the
;; same bytes, which is the speed limit that the search is measured against. Assembled into search-kernel.ts; the test compares.
(module
  (import "env" "memory" (memory 1 65536 shared))

  ;; scores[r] = query · vectors[r] for r < rows; `stride` is not used. `bytes` = bytes of a row, a multiple of 16.
  (func (export "dot1") (param $queries i32) (param $vectors i32) (param $rows i32) (param $bytes i32) (param $scores i32) (param $stride i32)
    (local $end i32) (local $main i32) (local $row i32) (local $q i32)
    (local $a00 v128) (local $a01 v128) (local $a02 v128) (local $a03 v128)
    (local $v0 v128) (local $v1 v128) (local $v2 v128) (local $v3 v128)
    (local.set $end (i32.add (local.get $vectors) (i32.mul (local.get $rows) (local.get $bytes))))
    (block $done
      (loop $nextRow
        (br_if $done (i32.eq (local.get $vectors) (local.get $end)))
        (local.set $row (i32.add (local.get $vectors) (local.get $bytes)))
        (local.set $main (i32.sub (local.get $row) (i32.rem_u (local.get $bytes) (i32.const 64))))
        (local.set $q (local.get $queries))
        (local.set $a00 (v128.const f32x4 0 0 0 0))
        (local.set $a01 (v128.const f32x4 0 0 0 0))
        (local.set $a02 (v128.const f32x4 0 0 0 0))
        (local.set $a03 (v128.const f32x4 0 0 0 0))
        (if (i32.ne (local.get $vectors) (local.get $main)) (then
          (loop $main16
            (local.set $v0 (v128.load offset=0 (local.get $vectors)))
            (local.set $v1 (v128.load offset=16 (local.get $vectors)))
            (local.set $v2 (v128.load offset=32 (local.get $vectors)))
            (local.set $v3 (v128.load offset=48 (local.get $vectors)))
            (local.set $a00 (f32x4.add (local.get $a00) (f32x4.mul (local.get $v0) (v128.load offset=0 (local.get $q)))))
            (local.set $a01 (f32x4.add (local.get $a01) (f32x4.mul (local.get $v1) (v128.load offset=16 (local.get $q)))))
            (local.set $a02 (f32x4.add (local.get $a02) (f32x4.mul (local.get $v2) (v128.load offset=32 (local.get $q)))))
            (local.set $a03 (f32x4.add (local.get $a03) (f32x4.mul (local.get $v3) (v128.load offset=48 (local.get $q)))))
            (local.set $vectors (i32.add (local.get $vectors) (i32.const 64)))
            (local.set $q (i32.add (local.get $q) (i32.const 64)))
            (br_if $main16 (i32.ne (local.get $vectors) (local.get $main))))))
        (if (i32.ne (local.get $vectors) (local.get $row)) (then
          (loop $tail4
            (local.set $v0 (v128.load (local.get $vectors)))
            (local.set $a00 (f32x4.add (local.get $a00) (f32x4.mul (local.get $v0) (v128.load (local.get $q)))))
            (local.set $vectors (i32.add (local.get $vectors) (i32.const 16)))
            (local.set $q (i32.add (local.get $q) (i32.const 16)))
            (br_if $tail4 (i32.ne (local.get $vectors) (local.get $row))))))
        (local.set $a00 (f32x4.add (f32x4.add (local.get $a00) (local.get $a01)) (f32x4.add (local.get $a02) (local.get $a03))))
        (f32.store (local.get $scores)
          (f32.add
            (f32.add (f32x4.extract_lane 0 (local.get $a00)) (f32x4.extract_lane 1 (local.get $a00)))
            (f32.add (f32x4.extract_lane 2 (local.get $a00)) (f32x4.extract_lane 3 (local.get $a00)))))
        (local.set $scores (i32.add (local.get $scores) (i32.const 4)))
        (br $nextRow))))

  ;; scores[j·stride + r] = queries[j] · vectors[r] for j < 4, r < rows. `bytes` = bytes of a row, a multiple of 16;
  ;; `stride` = bytes between the scores of two queries.
  (func (export "dot4") (param $queries i32) (param $vectors i32) (param $rows i32) (param $bytes i32) (param $scores i32) (param $stride i32)
    (local $end i32) (local $main i32) (local $row i32) (local $q i32)
    (local $a00 v128) (local $a01 v128) (local $a10 v128) (local $a11 v128) (local $a20 v128) (local $a21 v128) (local $a30 v128) (local $a31 v128)
    (local $v0 v128) (local $v1 v128)
    (local.set $end (i32.add (local.get $vectors) (i32.mul (local.get $rows) (local.get $bytes))))
    (block $done
      (loop $nextRow
        (br_if $done (i32.eq (local.get $vectors) (local.get $end)))
        (local.set $row (i32.add (local.get $vectors) (local.get $bytes)))
        (local.set $main (i32.sub (local.get $row) (i32.rem_u (local.get $bytes) (i32.const 32))))
        (local.set $q (local.get $queries))
        (local.set $a00 (v128.const f32x4 0 0 0 0))
        (local.set $a01 (v128.const f32x4 0 0 0 0))
        (local.set $a10 (v128.const f32x4 0 0 0 0))
        (local.set $a11 (v128.const f32x4 0 0 0 0))
        (local.set $a20 (v128.const f32x4 0 0 0 0))
        (local.set $a21 (v128.const f32x4 0 0 0 0))
        (local.set $a30 (v128.const f32x4 0 0 0 0))
        (local.set $a31 (v128.const f32x4 0 0 0 0))
        (if (i32.ne (local.get $vectors) (local.get $main)) (then
          (loop $main16
            (local.set $v0 (v128.load offset=0 (local.get $vectors)))
            (local.set $v1 (v128.load offset=16 (local.get $vectors)))
            (local.set $a00 (f32x4.add (local.get $a00) (f32x4.mul (local.get $v0) (v128.load offset=0 (local.get $q)))))
            (local.set $a01 (f32x4.add (local.get $a01) (f32x4.mul (local.get $v1) (v128.load offset=16 (local.get $q)))))
            (local.set $a10 (f32x4.add (local.get $a10) (f32x4.mul (local.get $v0) (v128.load offset=0 (i32.add (local.get $q) (local.get $bytes))))))
            (local.set $a11 (f32x4.add (local.get $a11) (f32x4.mul (local.get $v1) (v128.load offset=16 (i32.add (local.get $q) (local.get $bytes))))))
            (local.set $a20 (f32x4.add (local.get $a20) (f32x4.mul (local.get $v0) (v128.load offset=0 (i32.add (local.get $q) (i32.mul (local.get $bytes) (i32.const 2)))))))
            (local.set $a21 (f32x4.add (local.get $a21) (f32x4.mul (local.get $v1) (v128.load offset=16 (i32.add (local.get $q) (i32.mul (local.get $bytes) (i32.const 2)))))))
            (local.set $a30 (f32x4.add (local.get $a30) (f32x4.mul (local.get $v0) (v128.load offset=0 (i32.add (local.get $q) (i32.mul (local.get $bytes) (i32.const 3)))))))
            (local.set $a31 (f32x4.add (local.get $a31) (f32x4.mul (local.get $v1) (v128.load offset=16 (i32.add (local.get $q) (i32.mul (local.get $bytes) (i32.const 3)))))))
            (local.set $vectors (i32.add (local.get $vectors) (i32.const 32)))
            (local.set $q (i32.add (local.get $q) (i32.const 32)))
            (br_if $main16 (i32.ne (local.get $vectors) (local.get $main))))))
        (if (i32.ne (local.get $vectors) (local.get $row)) (then
          (loop $tail4
            (local.set $v0 (v128.load (local.get $vectors)))
            (local.set $a00 (f32x4.add (local.get $a00) (f32x4.mul (local.get $v0) (v128.load (local.get $q)))))
            (local.set $a10 (f32x4.add (local.get $a10) (f32x4.mul (local.get $v0) (v128.load (i32.add (local.get $q) (local.get $bytes))))))
            (local.set $a20 (f32x4.add (local.get $a20) (f32x4.mul (local.get $v0) (v128.load (i32.add (local.get $q) (i32.mul (local.get $bytes) (i32.const 2)))))))
            (local.set $a30 (f32x4.add (local.get $a30) (f32x4.mul (local.get $v0) (v128.load (i32.add (local.get $q) (i32.mul (local.get $bytes) (i32.const 3)))))))
            (local.set $vectors (i32.add (local.get $vectors) (i32.const 16)))
            (local.set $q (i32.add (local.get $q) (i32.const 16)))
            (br_if $tail4 (i32.ne (local.get $vectors) (local.get $row))))))
        (local.set $a00 (f32x4.add (local.get $a00) (local.get $a01)))
        (f32.store (local.get $scores)
          (f32.add
            (f32.add (f32x4.extract_lane 0 (local.get $a00)) (f32x4.extract_lane 1 (local.get $a00)))
            (f32.add (f32x4.extract_lane 2 (local.get $a00)) (f32x4.extract_lane 3 (local.get $a00)))))
        (local.set $a10 (f32x4.add (local.get $a10) (local.get $a11)))
        (f32.store (i32.add (local.get $scores) (i32.mul (local.get $stride) (i32.const 1)))
          (f32.add
            (f32.add (f32x4.extract_lane 0 (local.get $a10)) (f32x4.extract_lane 1 (local.get $a10)))
            (f32.add (f32x4.extract_lane 2 (local.get $a10)) (f32x4.extract_lane 3 (local.get $a10)))))
        (local.set $a20 (f32x4.add (local.get $a20) (local.get $a21)))
        (f32.store (i32.add (local.get $scores) (i32.mul (local.get $stride) (i32.const 2)))
          (f32.add
            (f32.add (f32x4.extract_lane 0 (local.get $a20)) (f32x4.extract_lane 1 (local.get $a20)))
            (f32.add (f32x4.extract_lane 2 (local.get $a20)) (f32x4.extract_lane 3 (local.get $a20)))))
        (local.set $a30 (f32x4.add (local.get $a30) (local.get $a31)))
        (f32.store (i32.add (local.get $scores) (i32.mul (local.get $stride) (i32.const 3)))
          (f32.add
            (f32.add (f32x4.extract_lane 0 (local.get $a30)) (f32x4.extract_lane 1 (local.get $a30)))
            (f32.add (f32x4.extract_lane 2 (local.get $a30)) (f32x4.extract_lane 3 (local.get $a30)))))
        (local.set $scores (i32.add (local.get $scores) (i32.const 4)))
        (br $nextRow))))

  ;; Sum of the float32 values in [from, from + bytes); `bytes` is a multiple of 16.
  (func (export "sum") (param $from i32) (param $bytes i32) (result f32)
    (local $end i32) (local $main i32) (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local.set $end (i32.add (local.get $from) (local.get $bytes)))
    (local.set $main (i32.sub (local.get $end) (i32.rem_u (local.get $bytes) (i32.const 64))))
    (if (i32.ne (local.get $from) (local.get $main)) (then
      (loop $main16
        (local.set $a0 (f32x4.add (local.get $a0) (v128.load (local.get $from))))
        (local.set $a1 (f32x4.add (local.get $a1) (v128.load offset=16 (local.get $from))))
        (local.set $a2 (f32x4.add (local.get $a2) (v128.load offset=32 (local.get $from))))
        (local.set $a3 (f32x4.add (local.get $a3) (v128.load offset=48 (local.get $from))))
        (local.set $from (i32.add (local.get $from) (i32.const 64)))
        (br_if $main16 (i32.ne (local.get $from) (local.get $main))))))
    (if (i32.ne (local.get $from) (local.get $end)) (then
      (loop $tail4
        (local.set $a0 (f32x4.add (local.get $a0) (v128.load (local.get $from))))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (br_if $tail4 (i32.ne (local.get $from) (local.get $end))))))
    (local.set $a0 (f32x4.add (f32x4.add (local.get $a0) (local.get $a1)) (f32x4.add (local.get $a2) (local.get $a3))))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $a0)) (f32x4.extract_lane 1 (local.get $a0)))
      (f32.add (f32x4.extract_lane 2 (local.get $a0)) (f32x4.extract_lane 3 (local.get $a0))))))
