;; AdamW, or a step along a given direction, over one block of values that lies in the processor's cache: every array is read and written
;; once. The memory holds five regions of 64 KiB: gradient or direction, weight, moment1, moment2, average (the target encoder's weights).
(module
  (import "env" "memory" (memory 5))

  ;; Moves the first `bytes` (a multiple of 16) of every region; the arithmetic is that of src-main/jepa/adamw.ts, in float32.
  (func (export "move")
    (param $bytes i32) (param $rate1 f32) (param $rate2 f32) (param $keep f32) (param $stepSize f32) (param $correction2 f32)
    (param $epsilon f32) (param $momentum f32)
    (local $at i32) (local $g v128) (local $m v128) (local $v v128) (local $w v128)
    (local $r1 v128) (local $r2 v128) (local $k v128) (local $s v128) (local $c v128) (local $e v128) (local $mu v128)
    (local.set $r1 (f32x4.splat (local.get $rate1)))
    (local.set $r2 (f32x4.splat (local.get $rate2)))
    (local.set $k (f32x4.splat (local.get $keep)))
    (local.set $s (f32x4.splat (local.get $stepSize)))
    (local.set $c (f32x4.splat (local.get $correction2)))
    (local.set $e (f32x4.splat (local.get $epsilon)))
    (local.set $mu (f32x4.splat (local.get $momentum)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $bytes)))
        (local.set $g (v128.load (local.get $at)))
        (local.set $m (v128.load offset=131072 (local.get $at)))
        (local.set $v (v128.load offset=196608 (local.get $at)))
        ;; moment1 + rate1 · (gradient − moment1)
        (local.set $m
          (f32x4.add (local.get $m) (f32x4.mul (f32x4.sub (local.get $g) (local.get $m)) (local.get $r1))))
        ;; moment2 + rate2 · (gradient² − moment2)
        (local.set $v
          (f32x4.add (local.get $v)
            (f32x4.mul (f32x4.sub (f32x4.mul (local.get $g) (local.get $g)) (local.get $v)) (local.get $r2))))
        ;; weight · keep − stepSize · moment1 / (correction2 · √moment2 + epsilon)
        (local.set $w
          (f32x4.sub
            (f32x4.mul (v128.load offset=65536 (local.get $at)) (local.get $k))
            (f32x4.mul
              (f32x4.div (local.get $m)
                (f32x4.add (f32x4.mul (f32x4.sqrt (local.get $v)) (local.get $c)) (local.get $e)))
              (local.get $s))))
        (v128.store offset=131072 (local.get $at) (local.get $m))
        (v128.store offset=196608 (local.get $at) (local.get $v))
        (v128.store offset=65536 (local.get $at) (local.get $w))
        ;; weight + momentum · (average − weight)
        (v128.store offset=262144 (local.get $at)
          (f32x4.add (local.get $w)
            (f32x4.mul (f32x4.sub (v128.load offset=262144 (local.get $at)) (local.get $w)) (local.get $mu))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))

  ;; Moves the first `bytes` (a multiple of 16) of the weights along the direction, and the average after them.
  (func (export "along") (param $bytes i32) (param $keep f32) (param $rate f32) (param $momentum f32)
    (local $at i32) (local $w v128) (local $k v128) (local $r v128) (local $mu v128)
    (local.set $k (f32x4.splat (local.get $keep)))
    (local.set $r (f32x4.splat (local.get $rate)))
    (local.set $mu (f32x4.splat (local.get $momentum)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $bytes)))
        ;; weight · keep − rate · direction
        (local.set $w
          (f32x4.sub
            (f32x4.mul (v128.load offset=65536 (local.get $at)) (local.get $k))
            (f32x4.mul (v128.load (local.get $at)) (local.get $r))))
        (v128.store offset=65536 (local.get $at) (local.get $w))
        ;; weight + momentum · (average − weight)
        (v128.store offset=262144 (local.get $at)
          (f32x4.add (local.get $w)
            (f32x4.mul (f32x4.sub (v128.load offset=262144 (local.get $at)) (local.get $w)) (local.get $mu))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))

  ;; Sum of the squares of the gradient's first `bytes` (a multiple of 16), in float64.
  (func (export "squares") (param $bytes i32) (result f64)
    (local $at i32) (local $x v128) (local $low v128) (local $high v128) (local $a v128) (local $b v128)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $bytes)))
        (local.set $x (v128.load (local.get $at)))
        (local.set $low (f64x2.promote_low_f32x4 (local.get $x)))
        (local.set $high
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $x) (local.get $x))))
        (local.set $a (f64x2.add (local.get $a) (f64x2.mul (local.get $low) (local.get $low))))
        (local.set $b (f64x2.add (local.get $b) (f64x2.mul (local.get $high) (local.get $high))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (local.set $a (f64x2.add (local.get $a) (local.get $b)))
    (f64.add (f64x2.extract_lane 0 (local.get $a)) (f64x2.extract_lane 1 (local.get $a)))))
